// What is looked at again and again while somebody sees it.
import { ask } from "./api.js";
import { useCallback, useEffect, useRef, useState } from "./html.js";

/**
 * What the API answers at `path`, asked again `every(found)` milliseconds after each answer; not while the page is hidden.
 * `problem` is the error of the last look, `look` looks at once.
 */
export function usePolled(path, every) {
  const [found, setFound] = useState(null);
  const [problem, setProblem] = useState(null);
  const timer = useRef(0);
  const turn = useRef(0);
  const look = useCallback(async () => {
    clearTimeout(timer.current);
    const mine = ++turn.current;
    let answer = null;
    try {
      answer = await ask(path);
      if (mine !== turn.current) return; // another look has begun, or nobody is here any more
      setFound(answer);
      setProblem(null);
    } catch (error) {
      if (mine !== turn.current) return;
      setProblem(error);
    }
    if (document.visibilityState === "visible") timer.current = setTimeout(look, every(answer));
  }, [path]);
  useEffect(() => {
    setFound(null);
    look();
    const seen = () => (document.visibilityState === "visible" ? look() : clearTimeout(timer.current));
    document.addEventListener("visibilitychange", seen);
    return () => {
      turn.current++;
      clearTimeout(timer.current);
      document.removeEventListener("visibilitychange", seen);
    };
  }, [look]);
  return { found, problem, look };
}

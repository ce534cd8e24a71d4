// The form of a configuration: every field of the API's, and what the API says against one, at that field.
import { languageName, ROLES } from "./format.js";
import { html, useEffect, useRef, useState } from "./html.js";
import { ENTITIES } from "./redaction.js";

const KEPT = { mediaDays: "Recording", transcriptDays: "Transcript", callbackDays: "Log of callbacks", jobDays: "The call itself" };
const MISMATCH = { follow: "recognise it in its own", omit: "leave it out", notice: "take it for this one all the same" };
const ENDS = { COMPLETED: "a call is done", FAILED: "a call fails" };
const POLICIES = { none: "all of it", redacted: "it redacted", redacted_and_original: "it redacted, and the original sealed" };
const MASKS = { entity_type: "what it was, as [CARD_NUMBER]", pii: "[PII]" };
const MUTINGS = { silence: "silence", tone: "a tone", none: "what was said" };
const CHANNELS = [1, 2];
const MEMBERS_SHOWN = new Set(["diarization", "participantDefaults", "redaction", "retention"].map((name) => `/configuration/${name}`));
/** Members whose own members have fields of their own. */

/** What the form shows of a configuration's resource; of a new one without. */
export function valuesOf(resource) {
  const kept = resource?.configuration ?? {};
  const roles = Object.fromEntries((kept.participantDefaults ?? []).map((each) => [each.audioChannelIndex, each.type]));
  return {
    uniqueName: resource?.unique_name ?? "",
    description: resource?.description ?? "",
    engine: kept.transcriptionEngine ?? "whisper",
    model: kept.speechModel ?? "",
    language: kept.language ?? "en-US",
    keyterms: (kept.keyterms ?? []).join("\n"),
    verbatim: kept.verbatim ?? false,
    onLanguageMismatch: kept.onLanguageMismatch ?? "",
    priority: kept.priority ?? "",
    hasRoles: CHANNELS.every((channel) => roles[channel]),
    roles: { 1: roles[1] ?? "CUSTOMER", 2: roles[2] ?? "HUMAN_AGENT" },
    diarizes: kept.diarization?.enabled ?? false,
    minSpeakers: kept.diarization?.minSpeakers ?? "",
    maxSpeakers: kept.diarization?.maxSpeakers ?? "",
    callbackUrl: kept.transcriptionStatusCallback?.url ?? "",
    callbackEvents: kept.transcriptionStatusCallback?.events ?? Object.keys(ENDS),
    retention: Object.fromEntries(Object.keys(KEPT).map((name) => [name, kept.retention?.[name] ?? ""])),
    conversation: kept.conversationConfigurationId ?? "",
    policy: kept.redaction?.policy ?? "none",
    mask: kept.redaction?.mask ?? "entity_type",
    audio: kept.redaction?.audio ?? "silence",
    entities: kept.redaction?.entities ?? Object.keys(ENTITIES),
  };
}

const trimmed = (text) => String(text).trim();
const numberOf = (text) => (trimmed(text) !== "" && Number.isFinite(Number(text)) ? Number(text) : trimmed(text));

/** All kinds are null, so that further ones are among them that a later version knows. */
function redactionAsked({ policy, mask, audio, entities }) {
  const all = Object.keys(ENTITIES).every((name) => entities.includes(name));
  return { policy, mask, audio, entities: all ? null : entities };
}

/** The body of a request. What is empty is left out; members of `kept` that the form does not know stay. */
export function bodyOf(values, kept = {}) {
  const { minSpeakers, maxSpeakers } = values;
  const given = (entries) => Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== ""));
  const retention = given(Object.fromEntries(Object.entries(values.retention).map(([name, days]) => [name, numberOf(days)])));
  const keyterms = values.keyterms.split("\n").map(trimmed).filter(Boolean);
  const speakers = given({ minSpeakers: numberOf(minSpeakers), maxSpeakers: numberOf(maxSpeakers) });
  const fields = {
    configurationType: "Transcription",
    transcriptionEngine: values.engine,
    speechModel: values.model || undefined,
    language: values.language,
    transcriptionStatusCallback: values.callbackUrl ? { url: values.callbackUrl.trim(), method: "POST", events: values.callbackEvents } : undefined,
    participantDefaults: values.hasRoles ? CHANNELS.map((channel) => ({ audioChannelIndex: channel, type: values.roles[channel] })) : undefined,
    keyterms: keyterms.length ? keyterms : undefined,
    verbatim: values.verbatim || undefined,
    diarization: values.diarizes ? { enabled: true, ...speakers } : undefined,
    onLanguageMismatch: values.onLanguageMismatch || undefined,
    priority: values.priority || undefined,
    retention: Object.keys(retention).length ? retention : undefined,
    conversationConfigurationId: trimmed(values.conversation) || undefined,
    redaction: values.policy === "none" ? undefined : redactionAsked(values),
  };
  return {
    unique_name: trimmed(values.uniqueName) || null,
    description: trimmed(values.description) || null,
    configuration: { ...kept, ...fields },
  };
}

/** What serves an engine, model and language by `/v3/Engines`: `{engine, model}`, or `{fault}`. */
export function servedBy(engines, engine, model, language) {
  const offered = engines.find((each) => each.name === engine);
  if (!offered) return { fault: `There is no engine ${engine} here any more.` };
  const name = model || offered.defaultModels[language];
  const found = offered.models.find((each) => each.name === name)?.languages.find((each) => each.language === language);
  if (!found) return { fault: `${engine} ${name ?? ""} does not take ${languageName(language)} here.` };
  return found.servedBy ?? { fault: found.fault };
}

/** Languages that an engine can be asked for with a model, or without one; `current` among them in any case. */
function languagesOf(offered, model, current) {
  const found = new Set([current]);
  for (const each of offered?.models ?? [])
    for (const { language, servedBy: served } of each.languages)
      if (served && (model ? each.name === model : offered.defaultModels[language] === each.name)) found.add(language);
  return [...found].sort((one, other) => languageName(one).localeCompare(languageName(other)));
}

/** Calls `save(body)`, whose error says which fields are at fault; without it nothing can be saved. `tells` is what stands beside the button. */
export function ConfigurationForm({ resource, engines, save, tells }) {
  const [values, setValues] = useState(() => valuesOf(resource));
  const [errors, setErrors] = useState([]);
  const [busy, setBusy] = useState(false);
  const form = useRef(null);
  useEffect(() => {
    form.current.querySelector('[aria-invalid="true"]')?.focus();
  }, [errors]);
  const set = (changes) => setValues({ ...values, ...changes });
  const offered = engines.find((each) => each.name === values.engine);
  const engineNames = [...new Set([values.engine, ...engines.map((each) => each.name)])];
  const modelNames = [...new Set([...(values.model ? [values.model] : []), ...(offered?.models ?? []).map((each) => each.name)])];
  const needsModel = offered && Object.keys(offered.defaultModels).length === 0;
  const serves = servedBy(engines, values.engine, values.model, values.language);

  const chooseEngine = (name) => {
    const next = engines.find((each) => each.name === name);
    const model = next && Object.keys(next.defaultModels).length === 0 ? (next.models[0]?.name ?? "") : "";
    set({ engine: name, model });
  };
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setErrors([]);
    try {
      await save(bodyOf(values, resource?.configuration));
    } catch (error) {
      setErrors(error.errors?.length ? error.errors : [{ pointer: "", detail: error.message }]);
    }
    setBusy(false);
  };

  const taken = new Set();
  /** Props of a control, and what is said against its member, or what is in it; `pointer` is that of the member. */
  const at = (pointer) => {
    const within = MEMBERS_SHOWN.has(pointer) ? [] : errors.filter((each) => each.pointer.startsWith(`${pointer}/`));
    const own = [...errors.filter((each) => each.pointer === pointer), ...within];
    own.forEach((each) => taken.add(each));
    const id = pointer.replaceAll("/", "-").slice(1);
    return {
      props: { id, "aria-invalid": own.length ? "true" : undefined, "aria-describedby": own.length ? `${id}-said` : undefined },
      said: own.length > 0 && html`<span class="problem" id=${`${id}-said`}>${own[0].detail}</span>`,
    };
  };
  const field = (label, pointer, control, hint, wide = false) => {
    const { props, said } = at(pointer);
    return html`<div class=${wide ? "field wide" : "field"}><label for=${props.id}>${label}</label>${control(props)}${hint && html`<span class="hint">${hint}</span>`}${said}</div>`;
  };
  const text = (name, options = {}) => (props) =>
    html`<input ...${props} ...${options} value=${values[name]} onInput=${(event) => set({ [name]: event.target.value })} />`;
  const select = (value, change, options) => (props) =>
    html`<select ...${props} value=${value} onChange=${(event) => change(event.target.value)}>
      ${options.map(([each, name]) => html`<option value=${each} selected=${each === value}>${name}</option>`)}
    </select>`;
  const check = (label, pointer, checked, change) => {
    const { props, said } = at(pointer);
    return html`<div class="field check"><label><input type="checkbox" ...${props} checked=${checked} onChange=${(event) => change(event.target.checked)} /> ${label}</label>${said}</div>`;
  };
  const of = (name) => `/configuration/${name}`;

  const fields = html`
    <fieldset>
      <legend>Name</legend>
      ${field("Unique name", "/unique_name", text("uniqueName", { maxlength: 50, autocomplete: "off" }), "letters, digits, - and _; requests may name it by this")}
      ${field("Description", "/description", text("description", { maxlength: 512 }))}
    </fieldset>
    <fieldset>
      <legend>Recognition</legend>
      ${field("Engine", of("transcriptionEngine"), select(values.engine, chooseEngine, engineNames.map((name) => [name, name])))}
      ${field("Model", of("speechModel"), select(values.model, (model) => set({ model }), [...(needsModel ? [] : [["", "the one for the language"]]), ...modelNames.map((name) => [name, name])]))}
      ${field("Language", of("language"), select(values.language, (language) => set({ language }), languagesOf(offered, values.model, values.language).map((code) => [code, `${languageName(code)} (${code})`])))}
      <p class=${serves.fault ? "wide problem" : "wide hint"} role="status">${serves.fault ?? `Served here by ${serves.engine} ${serves.model}.`}</p>
      ${field("Speech in another language", of("onLanguageMismatch"), select(values.onLanguageMismatch, (value) => set({ onLanguageMismatch: value }), [["", "as the server does by itself"], ...Object.entries(MISMATCH)]))}
      ${check("Keep fillers and false starts (verbatim)", of("verbatim"), values.verbatim, (verbatim) => set({ verbatim }))}
      ${field("Key terms", of("keyterms"), (props) => html`<textarea ...${props} rows="4" value=${values.keyterms} onInput=${(event) => set({ keyterms: event.target.value })}></textarea>`, "names and words that are likely to be said, one a line", true)}
    </fieldset>
    <fieldset>
      <legend>Who speaks</legend>
      ${check("Each channel has its party", of("participantDefaults"), values.hasRoles, (hasRoles) => set({ hasRoles }))}
      ${values.hasRoles && CHANNELS.map((channel) =>
        field(`Channel ${channel}`, of(`participantDefaults/${channel - 1}`), select(values.roles[channel], (role) => set({ roles: { ...values.roles, [channel]: role } }), Object.entries(ROLES))))}
      ${check("Tell speakers apart who share a channel (diarization)", of("diarization"), values.diarizes, (diarizes) => set({ diarizes }))}
      ${values.diarizes && html`
        ${field("At least", of("diarization/minSpeakers"), text("minSpeakers", { inputmode: "numeric" }), "speakers; empty is 1")}
        ${field("At most", of("diarization/maxSpeakers"), text("maxSpeakers", { inputmode: "numeric" }), "speakers; empty is 8")}`}
    </fieldset>
    <fieldset>
      <legend>What is nobody's to read</legend>
      ${field("Kept of a call", of("redaction/policy"), select(values.policy, (policy) => set({ policy }), Object.entries(POLICIES)), "card numbers, names, addresses and the like are taken out at the end of the job")}
      ${values.policy !== "none" && html`
        ${field("In the text", of("redaction/mask"), select(values.mask, (mask) => set({ mask }), Object.entries(MASKS)))}
        ${field("In the audio", of("redaction/audio"), select(values.audio, (audio) => set({ audio }), Object.entries(MUTINGS)))}
        <div class="wide entities" role="group" aria-label="What is taken out">
          ${Object.entries(ENTITIES).map(([name, label]) =>
            check(label, of(`redaction/entities/${name}`), values.entities.includes(name), (on) =>
              set({ entities: Object.keys(ENTITIES).filter((each) => (each === name ? on : values.entities.includes(each))) })))}
        </div>
        ${at(of("redaction/entities")).said}`}
      ${at(of("redaction")).said}
    </fieldset>
    <fieldset>
      <legend>When it ends</legend>
      ${field("Callback URL", of("transcriptionStatusCallback/url"), text("callbackUrl", { inputmode: "url", placeholder: "https://…" }), "asked by POST; empty is none")}
      ${values.callbackUrl && Object.entries(ENDS).map(([name, what]) =>
        check(`when ${what}`, of(`transcriptionStatusCallback/events/${name}`), values.callbackEvents.includes(name), (on) =>
          set({ callbackEvents: Object.keys(ENDS).filter((each) => (each === name ? on : values.callbackEvents.includes(each))) })))}
      ${field("Conversation configuration", of("conversationConfigurationId"), text("conversation"), "its id, to store the transcript in a conversation; empty is none")}
      ${field("Priority", of("priority"), select(values.priority, (priority) => set({ priority }), [["", "normal"], ["low", "low"], ["high", "high"]]), "among the account's own calls")}
    </fieldset>
    <fieldset>
      <legend>Kept for so many days</legend>
      ${Object.entries(KEPT).map(([name, label]) =>
        field(label, of(`retention/${name}`), (props) => html`<input ...${props} value=${values.retention[name]} placeholder="as the account has it"
          onInput=${(event) => set({ retention: { ...values.retention, [name]: event.target.value } })} />`))}
      ${at(of("retention")).said}
      <p class="wide hint">A number, or “forever”.</p>
    </fieldset>
  `;
  const others = errors.filter((each) => !taken.has(each));
  return html`
    <form class="configuration" ref=${form} onSubmit=${submit} noValidate>
      ${fields}
      ${others.map((each) => html`<p class="problem" role="alert">${each.detail}</p>`)}
      ${errors.length > others.length && html`<p class="problem" role="alert">It was not saved: see the fields above.</p>`}
      <div class="actions">${tells}${save && html`<button type="submit" class="primary" disabled=${busy}>Save</button>`}</div>
    </form>
  `;
}

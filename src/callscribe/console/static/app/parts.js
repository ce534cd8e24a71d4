// Parts of the pages for whoever runs the installation: a section, and a table that scrolls by itself.
import { html } from "./html.js";

export const section = (title, content) => html`<section class="part"><h2>${title}</h2>${content}</section>`;

const FIGURES = new Set(["Waiting", "In hand", "Size", "Speed", "Workers", "Audio", "Cost"]);

export const table = (label, columns, rows) => html`
  <div class="table" tabindex="0" role="region" aria-label=${label}>
    <table>
      <thead><tr>${columns.map((each) => html`<th class=${FIGURES.has(each) ? "number" : ""}>${each}</th>`)}</tr></thead>
      <tbody>${rows}</tbody>
    </table>
  </div>
`;

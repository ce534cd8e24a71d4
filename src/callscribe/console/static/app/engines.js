// The engines: where each runs, who serves what Twilio's names ask for, and what was sent to whom.
import { moment } from "./format.js";
import { html } from "./html.js";
import { section, table } from "./parts.js";

const hours = (seconds) => `${(seconds / 3600).toLocaleString(undefined, { maximumFractionDigits: 2 })} h`;
const money = (cost, currency) =>
  cost === null ? "" : `${cost.toLocaleString(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 })}${currency ? ` ${currency}` : ""}`;

const WHO = { local: "this machine", provider: "the provider" };
const STANDING = { true: "nothing is sent: no key is set", false: "cannot be used here" };

export function Engines({ found }) {
  return section("Engines", html`
    ${table("Engines", ["Engine", "Runs", "Models", "Recordings go to"], found.engines.map((each) => html`
      <tr key=${each.name}>
        <td class="title">${each.name}${each.refusal && html`<div class="problem">does not take its key, ${moment(each.refusal.refusedAt)}: ${each.refusal.detail}</div>`}</td>
        <td>${each.runs === "here" ? "on this machine" : "at the provider"}</td>
        <td class="title">${each.models.length ? each.models.join(", ") : html`<span class="faint">${STANDING[each.runs === "provider"]}</span>`}</td>
        <td>${each.runs === "here" ? "nobody" : each.models.length ? html`<strong>${each.sendsTo}</strong>` : "nobody"}</td>
      </tr>`))}
    ${table("Routes", ["Asked for", "Is served by"], found.routes.map((each) => html`
      <tr key=${each.engine}>
        <td class="title">${each.engine}</td>
        <td>${each.order.length ? each.order.map((who) => WHO[who]).join("; when that is out, ") : html`<span class="problem">nobody: it is refused</span>`}</td>
      </tr>`))}
    <p class="hint">Keys and CALLSCRIBE_ROUTES are settings of the server. Without a key nothing leaves this machine.</p>
    ${found.sent.length > 0 && html`
      <h3>Sent in the last 30 days</h3>
      ${table("Sent in the last 30 days", ["Account", "Engine", "Model", "Audio", "Cost"], found.sent.map((each) => html`
        <tr key=${`${each.accountId} ${each.engine} ${each.model}`}>
          <td class="title">${each.accountId}</td>
          <td>${each.engine}</td>
          <td class="title">${each.model}</td>
          <td class="number">${hours(each.seconds)}</td>
          <td class="number">${money(each.cost, found.currency)}</td>
        </tr>`))}`}
  `);
}

import { html } from "hono/html";
import { layout } from "./layout.ts";

/** A text as it is: the log of a deployment or a container. */
export function logPage(title: string, back: string, text: string) {
  return layout(title, html`<p><a href="${back}">back</a></p><pre>${text}</pre>`);
}

export function messagePage(title: string, text: string) {
  return layout(title, html`<p class="error">${text}</p>`);
}

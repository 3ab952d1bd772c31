import { html, raw } from "hono/html";

type Html = ReturnType<typeof html>;

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --ok: #1a7f37; --bad: #cf222e; --busy: #9a6700 }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 0 auto; padding: 1rem 1.25rem 4rem }
h1 { font-size: 1.4rem } h2 { font-size: 1.15rem; margin-top: 2rem } h3 { font-size: 1rem; margin-bottom: .25rem }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line) }
textarea { width: 100%; box-sizing: border-box; font: 13px/1.45 ui-monospace, monospace }
pre { border: 1px solid var(--line); padding: .75rem; overflow-x: auto; font: 13px/1.4 ui-monospace, monospace }
form.inline { display: inline-block; margin-right: .5rem } button { padding: .3rem .8rem; cursor: pointer }
.status { font-weight: 600 } .done, .running-container { color: var(--ok) } .error { color: var(--bad) }
.running { color: var(--busy) } .muted { opacity: .7 }
nav { border-bottom: 1px solid var(--line); padding-bottom: .5rem }
`;

/** One page. `content` is escaped already, as everything that the \`html\` tag makes. */
export function layout(title: string, content: Html | Html[]): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} – Dokploy emulator</title>
        <style>
          ${raw(STYLE)}
        </style>
      </head>
      <body>
        <nav><a href="/">Dokploy emulator</a> <span class="muted">v0.30.2, in one process</span></nav>
        <h1>${title}</h1>
        ${content}
      </body>
    </html>`;
}

export function status(text: string): Html {
  return html`<span class="status ${text}">${text}</span>`;
}

/** `12:03:45`, or a dash for what has not happened. */
export function time(iso: string | null): string {
  return iso === null ? "–" : iso.slice(11, 19);
}

/** A button that does one thing; works without scripts. */
export function action(path: string, label: string): Html {
  return html`<form class="inline" method="post" action="${path}"><button>${label}</button></form>`;
}

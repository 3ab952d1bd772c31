// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are Compose's variables
import { stringify } from "yaml";

/** A file with one service, and what belongs to its end. */
export const web = (body: string, rest = "") =>
  `services:\n  web:\n    image: busybox:1.36\n${body
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n")}\n${rest}`;

const written: Record<string, string> = {
  "a service without an image": "services:\n  web:\n    command: [a]\n",
  "an unknown dependency": web("depends_on: [db]"),
  "an optional dependency that is unknown": web("depends_on: {db: {condition: service_started, required: false}}"),
  "an undefined volume": web('volumes: ["data:/x"]'),
  "an undefined network": web("networks: [n]"),
  "an undefined secret": web("secrets: [n]"),
  "an undefined config": web("configs: [n]"),
  "a circle of dependencies": "services:\n  a: {image: a, depends_on: [b]}\n  b: {image: b, depends_on: [a]}\n",
  "a date in an environment map": web("environment:\n  A: 2024-05-01"),
  "a date in an environment list": web('environment: ["A=2024-05-01", "B=1_000"]'),
  "a date with a time": web("environment:\n  A: 2024-05-01T10:00:00Z"),
  "what looks like a date and is none": web("environment:\n  A: 2024-13-41\n  B: 2024-5\n  C: 2024-05-01x"),
  "numbers in an environment map": web(
    "environment:\n  A: 1_000\n  B: 0b101\n  C: 1.50\n  D: 0x1F\n  E: 1e3\n  F: 0123\n  G: 1e20\n  H: .5\n  I: 1_0.5\n  J: -0o17\n  K: 1e100\n  L: .inf\n  M: 123456789012345678901\n  N: 22:22\n  O: 0.1e-7\n  P: 1234567.0\n  Q: 12345678.9\n  R: +5\n  S: 18446744073709551615\n  T: 0b\n  U: 0o8\n  V: 089\n  W: 1_\n  X: 0.0001\n  Y: 0.00001\n  Z: -0",
  ),
  "words in an environment map": web(
    "environment:\n  A: yes\n  B: on\n  C: True\n  D: NULL\n  E: ~\n  F:\n  G: n\n  H: '='\n  I: .nan\n  J: 'true'\n  K: \"~\"",
  ),
  "a number in a command": web("command: [sleep, 1_000]"),
  "a date in a command": web("command: [sleep, 2024-05-01]"),
  "a command as one string": web("command: sh -c \"echo 'a b' $$HOME\""),
  "a key that Compose does not know": web("imagee: x"),
  "a section that Compose does not know": web("command: [a]", "foo: 1\n"),
  "keys for others": web("x-mine: 1", "x-common: {a: 1}\n"),
  "a lone dollar": web('command: ["echo $ x $1"]'),
  "a variable with a blank": web('command: ["echo ${x y}"]'),
  "a variable that is never closed": web('command: ["echo ${X"]'),
  "a required variable, with a reason": web('command: ["echo ${X:?need it}"]'),
  "a required variable": web('command: ["echo ${X?}"]'),
  "a variable that is not set": web('command: ["echo ${X} $Y"]'),
  "defaults and alternatives": web(
    'command: ["${X:-a}", "${SET:-a}", "${EMPTY:-a}", "${EMPTY-a}", "${SET:+b}", "${EMPTY:+b}", "${X+b}", "${X:-${SET}}", "${X:-$$}", "$SET$SET", "${X:-a}b${SET:-}"]',
  ),
  "a duration without a unit": web("healthcheck: {test: [CMD, a], interval: 5}"),
  "a test without CMD": web("healthcheck: {test: [a, b]}"),
  "an unknown key in a health check": web("healthcheck: {test: [CMD, a], intervall: 5s}"),
  "an empty file": "",
  "no services": "services: {}\n",
  "a list": "- a\n",
  "a null service": "services:\n  web:\n",
  "a number as the image": "services:\n  web:\n    image: 5\n",
  "a config without a source": web("configs: [c]", "configs: {c: {}}\n"),
  "a secret without a source": web("secrets: [c]", "secrets: {c: {}}\n"),
  "a config that is a date": web("configs: [c]", "configs: {c: {content: 2024-05-01}}\n"),
  "a config that is a number": web("configs: [c]", "configs: {c: {content: 1_000}}\n"),
  "a config with a variable": web("configs: [c]", 'configs: {c: {content: "a ${SET} $$b"}}\n'),
  "an unknown condition": web("depends_on: {db: {condition: service_ok}}", "  db: {image: a}\n"),
  "no condition": web("depends_on: {db: {}}", "  db: {image: a}\n"),
  "restart: no": web("restart: no"),
  "a one-letter volume": web('volumes: ["v:/data"]', "volumes: {v: {}}\n"),
  "labels of all kinds": web("labels:\n  a:\n  b: 1\n  c: true\n  d: 1.0"),
  "a variable twice": web('environment: ["A=1","A=2"]'),
  "a variable without a value": web("environment: [SET, X]"),
  "anchors and merge keys":
    "x-a: &a\n  image: base\n  environment: [A=1]\nservices:\n  web:\n    <<: *a\n    command: [x]\n",
  "a bad container name": web("container_name: 'a b'"),
  "services behind a profile": web("command: [a]", "  debug: {image: b, profiles: [debug]}\n"),
};

/** A file with one config, as Dokploy writes it. */
export const asConfig = (content: string) =>
  stringify(
    {
      services: { web: { image: "a", configs: ["c"] } },
      configs: { c: { content: content.replaceAll("$", "$$$$") } },
    },
    { lineWidth: 1000 },
  );

const contents: Record<string, string> = {
  "lines of blanks": "   \n",
  "a next line": "a\u0085b",
  "a line separator": "a\u2028b",
  "a paragraph separator": "a\u2029b\nc",
  "a delete character": "a\x7fb",
  "a C1 character": "a\x90",
  "a noncharacter": "a\ufffe",
  "an escape character": "a\x1bb\nc\n",
  "a tab before the first line": "\ta\nb\n",
  "a tab after an empty line": "\n\ta\n",
  "a tab before a later line": "a\n\tb\n",
  "a tab alone": "\t\n",
  "a byte order mark": "\ufeffa\nb",
  "Windows line ends": "a\r\nb\r\n",
  "no final newline": "a\nb",
  "many final newlines": "a\n\n\n",
  "leading blanks": "\n  a\nb\n",
  "trailing blanks": "a  \nb\t\n",
};

/** Compose files that Compose reads in its own way or refuses, by what is special about them. */
export const files: Readonly<Record<string, string>> = {
  ...written,
  ...Object.fromEntries(
    Object.entries(contents).map(([name, content]) => [`a config with ${name}`, asConfig(content)]),
  ),
};

/** The `.env` beside each of them. */
export const env = 'SET="set"\nEMPTY=\n';

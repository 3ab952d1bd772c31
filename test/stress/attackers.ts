// Sends hostile requests of every kind at once until it is ended: `node test/stress/attackers.ts <url> <connections> <run> <token>`. A
// process of its own, so that whoever measures is not kept busy by it.
import { connect, type Socket } from "node:net";

const [url = "", connections = "200", run = "none", token = ""] = process.argv.slice(2);
const { hostname, port } = new URL(url);

const MIB = 1024 * 1024;
const JSON_TYPE = "Content-Type: application/json\r\n";
const head = (line: string, headers = "") => `${line} HTTP/1.1\r\nHost: ${hostname}\r\n${headers}\r\n`;
const wrong = `X-Hub-Signature-256: sha256=${"0".repeat(64)}\r\n`;
const bearer = `Authorization: Bearer ${token}\r\n`;
const length = (bytes: number) => `Content-Length: ${bytes}\r\n`;
const hook = `${JSON_TYPE}X-GitHub-Event: push\r\nUser-Agent: GitHub-Hookshot/1\r\n${wrong}`;

/** What one connection does; what it returns is called when the connection ends. */
type Attack = (socket: Socket) => (() => void) | undefined;

/** Writes the same again and again, as fast as it is taken, so many bytes in all. */
function pour(socket: Socket, piece: Buffer, bytes = Number.POSITIVE_INFINITY): undefined {
  let left = bytes;
  const go = () => {
    while (left > 0 && !socket.destroyed) {
      left -= piece.length;
      if (!socket.write(piece)) return;
    }
  };
  socket.on("drain", go);
  go();
  return undefined;
}

function drip(socket: Socket, text: string, everyMs: number): () => void {
  const timer = setInterval(() => socket.write(text), everyMs);
  return () => clearInterval(timer);
}

const repeat = (text: string, bytes: number) => Buffer.from(text.repeat(Math.ceil(bytes / text.length)));
const oneByteChunks = repeat("1\r\nx\r\n", 64 * 1024);
const spaces = Buffer.alloc(64 * 1024, " ");
const commits = repeat(`{"id":"${"a".repeat(40)}","message":"${"word ".repeat(50)}","added":["a"]},`, 64 * 1024);

/** Every kind; each connection is one of them, and is opened again when it ends. */
export const ATTACKS: Readonly<Record<string, Attack>> = {
  "a body of one-byte chunks": (socket) => {
    socket.write(head("POST /deploy", `${JSON_TYPE}${wrong}Transfer-Encoding: chunked\r\n`));
    return pour(socket, oneByteChunks, 6 * 6 * MIB);
  },
  "a delivery of one-byte chunks": (socket) => {
    socket.write(head("POST /webhook", `${hook}Transfer-Encoding: chunked\r\n`));
    return pour(socket, oneByteChunks, 25 * 6 * MIB);
  },
  "slow headers": (socket) => {
    socket.write("GET /health HTTP/1.1\r\n");
    return drip(socket, "x", 300);
  },
  "nothing at all": () => undefined,
  "a slow body": (socket) => {
    socket.write(head("POST /deploy", `${JSON_TYPE}${wrong}${length(MIB)}`));
    return drip(socket, " ", 300);
  },
  "a slow delivery": (socket) => {
    socket.write(head("POST /webhook", `${hook}${length(25 * MIB)}`));
    socket.write('{"ref":"refs/heads/main",');
    return drip(socket, " ", 300);
  },
  "huge headers": (socket) => {
    socket.write("GET /health HTTP/1.1\r\nHost: x\r\n");
    return pour(socket, repeat(`X-Long: ${"y".repeat(4_000)}\r\n`, 64 * 1024), 4 * MIB);
  },
  "wrong signatures": (socket) => {
    const body = '{"env":"staging","tag":"v1.0.1","triggered_by":"stranger"}';
    const ask = () => socket.write(head("POST /deploy", JSON_TYPE + wrong + length(body.length)) + body);
    socket.on("data", ask);
    ask();
    return undefined;
  },
  "wrong signatures of large bodies": (socket) => {
    socket.write(head("POST /deploy", JSON_TYPE + wrong + length(MIB)));
    return pour(socket, spaces, MIB);
  },
  "an unsigned delivery of 25 MiB": (socket) => {
    socket.write(head("POST /webhook", `${hook}${length(25 * MIB)}`));
    socket.write('{"ref":"refs/heads/other","commits":[');
    return pour(socket, commits, 25 * MIB);
  },
  "many streams of a reader": (socket) => {
    socket.write(head(`GET /runs/${run}/events`, bearer));
    return undefined;
  },
  "streams without a token": (socket) => {
    socket.write(head(`GET /runs/${run}/events`));
    return undefined;
  },
  pipelining: (socket) => pour(socket, repeat(head("GET /health/live"), 64 * 1024)),
  "pipelining without reading": (socket) => {
    socket.pause();
    return pour(socket, repeat(head("GET /openapi.json"), 64 * 1024));
  },
  "pipelined wrong signatures": (socket) => pour(socket, repeat(head("GET /runs", wrong), 64 * 1024)),
  "paths and methods that there are not": (socket) => {
    const ask = () => socket.write(head("PUT /deploy", length(0)) + head("GET /../../etc/passwd"));
    socket.on("data", ask);
    ask();
    return undefined;
  },
  "no HTTP": (socket) => pour(socket, repeat("\0\x16\x03\x01", 64 * 1024), MIB),
  "reset at once": (socket) => {
    socket.write(head("GET /health"));
    socket.resetAndDestroy();
    return undefined;
  },
};

function attack(kind: Attack): void {
  const socket = connect(Number(port), hostname);
  let stop: (() => void) | undefined;
  socket.on("error", () => {});
  socket.on("data", () => {});
  socket.on("connect", () => {
    stop = kind(socket);
  });
  socket.on("close", () => {
    stop?.();
    setTimeout(() => attack(kind), 20);
  });
}

const only = process.env.ATTACK;
const kinds = Object.entries(ATTACKS).flatMap(([name, kind]) => (only && only !== name ? [] : [kind]));
for (let index = 0; index < Number(connections); index++) {
  const kind = kinds[index % kinds.length];
  if (kind) attack(kind);
}

/** One event of a stream, see https://html.spec.whatwg.org/multipage/server-sent-events.html. */
export interface ServerSentEvent {
  /** What to send as `Last-Event-ID` when the stream is opened again; undefined before the first id. */
  id: string | undefined;
  type: string;
  data: string;
}

/** Events of a stream as they arrive. An event that the end of the stream cuts off is left out. */
export async function* parseServerSentEvents(stream: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder();
  let rest = "";
  let id: string | undefined;
  let type = "";
  let data: string[] = [];
  for await (const chunk of stream) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") {
        if (data.length > 0) yield { id, type: type || "message", data: data.join("\n") };
        type = "";
        data = [];
        continue;
      }
      const [, field, value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
      if (field === "data") data.push(value);
      else if (field === "event") type = value;
      else if (field === "id") id = value;
    }
  }
}

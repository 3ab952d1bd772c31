// The runner: its door, which starts an engine worker itself where ENGINES names none.
import "./compiled.mjs";

const { serve } = await import("./serve.ts");
serve();

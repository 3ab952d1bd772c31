// Services of before 0.2 import this file; it goes with the release after.
export type { CommandCheck } from "./platform/checks/command.ts";
export type { HttpCheck } from "./platform/checks/http.ts";
export * from "./platform/service.ts";

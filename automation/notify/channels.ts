import { feishu } from "./feishu.ts";
import { slack } from "./slack.ts";
import { webhook } from "./webhook.ts";

/** Every channel, by the name that the outbox has for it. */
export const CHANNELS = { webhook, slack, feishu };

/** Name of one of them. */
export type ChannelName = keyof typeof CHANNELS;

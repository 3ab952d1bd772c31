import { slackText } from "../../text/chat.ts";
import type { Channel } from "./channel.ts";

/** https://api.slack.com/messaging/webhooks */
export const slack = {
  variable: "NOTIFY_SLACK",
  docs: "a Slack incoming webhook",
  toRequest: ({ text }) => ({ text: slackText(text) }),
} as const satisfies Channel;

import { feishuText } from "../../text/chat.ts";
import type { Channel } from "./channel.ts";

/** https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot */
export const feishu = {
  variable: "NOTIFY_FEISHU",
  docs: "a Feishu or Lark bot",
  toRequest: ({ text }) => ({ msg_type: "text", content: { text: feishuText(text) } }),
} as const satisfies Channel;

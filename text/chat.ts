import { showLines } from "./characters.ts";

/**
 * A text of others for Slack: none of it becomes a mention (`<!channel>`), a link or a name
 * (https://docs.slack.dev/messaging/formatting-message-text#escaping).
 */
export function slackText(text: string): string {
  return showLines(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/**
 * A text of others for Feishu and Lark, which know no escape in texts: signs that look alike stand for those that begin a mention
 * (`<at user_id="all">`) or a link (`[here](https://…)`).
 * https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
 */
export function feishuText(text: string): string {
  return showLines(text).replaceAll("<", "＜").replaceAll("](", "] (");
}

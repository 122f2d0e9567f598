import { defaultsOf } from '../../../src/core/rules.ts'
import { type WebSocketSettings, webSocketRules } from '../../../src/transport/websocket-options.ts'

export const DEFAULT_WEB_SOCKET: WebSocketSettings = {
  ...defaultsOf({ ...webSocketRules, url: { accepts: '', test: () => true } }),
  url: undefined,
}

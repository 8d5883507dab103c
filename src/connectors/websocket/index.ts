export { openWebSocket, WebSocketRefused, type OpenWebSocket, type WebSocketEnd } from './websocket.js';

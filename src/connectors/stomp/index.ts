export { StompConnection, StompFailure, type StompMessage, type StompOptions } from './stomp-connection.js';

export { HttpClient, type HttpAnswer, type HttpClientOptions } from './http-client.js';
export { HttpFailure, type HttpFailureKind } from './http-failure.js';
export { normaliseFingerprint, type TlsTrust } from './tls-trust.js';

export { download, type DownloadAnswer } from './download.js';
export {
  HttpClient,
  type HttpAnswer,
  type HttpClientOptions,
  type HttpUpload,
  type RawHttpAnswer,
} from './http-client.js';
export { HttpFailure, type HttpFailureKind } from './http-failure.js';
export { normaliseFingerprint, type TlsTrust } from './tls-trust.js';
export { upload } from './upload.js';
export { connectTrusted, type TrustedServer } from './trusted-socket.js';

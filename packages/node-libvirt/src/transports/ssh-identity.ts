/** By what an ssh server can know us. What is left out is looked for where `ssh` looks. */
export interface SshIdentity {
  /** Private keys, PEM or OpenSSH format. */
  readonly keys?: readonly string[];
  /** Files with private keys. Without them and without `keys`: `id_ed25519`, `id_ecdsa` and `id_rsa` in `~/.ssh`, those that are there. */
  readonly keyFiles?: readonly string[];
  /** Of the keys that are encrypted. */
  readonly passphrase?: string;
  readonly password?: string;
  /** Socket of an ssh agent; false for none. Else that of `SSH_AUTH_SOCK`. */
  readonly agent?: string | false;
}

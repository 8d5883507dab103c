/** An image mounted to a partition. The bytes are kept only when the simulator has a folder for them. */
export interface IsoImage {
  readonly imageName: string;
  readonly insFile: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Where the bytes are; null when they are not kept. */
  readonly file: string | null;
}

/** What the last start of a partition has booted. */
export interface BootRecord {
  /** As its `boot-device` was. */
  readonly device: string;
  readonly volume: { readonly uri: string; readonly name: string; readonly uuid: string | null } | null;
  readonly nic: { readonly uri: string; readonly name: string; readonly mac: string } | null;
  readonly iso: IsoImage | null;
  readonly ftp: { readonly host: string; readonly userid: string; readonly insFile: string } | null;
  readonly configurationSelector: number;
  readonly loadParameters: string;
  readonly osParameters: string;
  readonly isSecure: boolean;
}

/** A dump that was taken of a partition. */
export interface DumpRecord {
  /** Storage volume that it went to. */
  readonly volumeUri: string;
  /** Status in which the partition was dumped. */
  readonly of: string;
}

import { ComputeError } from '../../common/errors/index.js';
import type { Boot } from '../../compute/contract/index.js';

/** @throws ComputeError REQUEST_INVALID when an instance has nothing of the kind to start from */
export function checkBoot(
  boot: Boot,
  { volumes, networks }: { volumes: readonly { id: string }[]; networks: readonly { name: string }[] },
): void {
  const refuse = (text: string): never => {
    throw new ComputeError('REQUEST_INVALID', `boot: ${text}`);
  };
  switch (boot.from) {
    case 'volume':
      if (boot.volume === undefined) {
        if (volumes.length !== 1) refuse('which volume it starts from must be told, unless it has exactly one');
      } else if (!volumes.some(({ id }) => id === boot.volume)) refuse(`it has no volume ${boot.volume}`);
      return;
    case 'network':
      if (boot.network === undefined) {
        if (networks.length === 0) refuse('it has no network to start from');
      } else if (!networks.some(({ name }) => name === boot.network)) refuse(`it has no network ${boot.network}`);
      return;
    case 'ftp':
      return refuse('the fake host does not start instances by FTP');
    case 'image':
    case 'iso':
      return;
  }
}

import { BaseRpcContext } from '@nestjs/microservices';
import type { RequestMeta } from '../compute/contract/index.js';

/** What a handler learns of its request beside the parameters: `@Ctx() context: ZenovaContext`. */
export class ZenovaContext extends BaseRpcContext<[method: string, meta: RequestMeta]> {
  /** Wire name of the method, e.g. `power.query`. */
  get method(): string {
    return this.args[0];
  }

  get meta(): RequestMeta {
    return this.args[1];
  }
}

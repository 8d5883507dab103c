import { Catch, type RpcExceptionFilter } from '@nestjs/common';
import { throwError, type Observable } from 'rxjs';
import { toComputeError } from '../common/errors/index.js';

/**
 * Lets every error reach the transport whole: Nest would make "Internal server error" of all but its own exceptions. What is
 * no ComputeError becomes INTERNAL here, and its text stays with us.
 */
@Catch()
export class ComputeErrorFilter implements RpcExceptionFilter {
  catch(exception: unknown): Observable<never> {
    return throwError(() => toComputeError(exception));
  }
}

import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Response } from 'express';
import { ComputeError, type WireError } from '../common/errors/index.js';
import { tellStatus } from './wire-error.filter.js';

/**
 * Answers an error of the addresses for MAAS. MAAS takes the body of a 404 for the answer to its query (power-drivers.md
 * section 24), so that no line of it may look like a state: its expressions do not reach over the end of a line.
 */
@Catch(ComputeError)
export class MaasErrorFilter implements ExceptionFilter {
  catch(error: ComputeError, host: ArgumentsHost): void {
    const wire = error.toWire();
    const text = inLines(wire);
    const body = text.split('\n').some(looksLikeState) ? inLines({ ...wire, ...WITHOUT_DETAILS }) : text;
    const response = host.switchToHttp().getResponse<Response>();
    tellStatus(response, error).type('application/json').send(body);
  }
}

const WITHOUT_DETAILS = {
  message: 'it failed; the log of the service says why',
  target: null,
  native: null,
  details: {},
} as const satisfies Partial<WireError>;

function inLines(wire: WireError): string {
  return `${JSON.stringify(wire, null, 2)}\n`;
}

function looksLikeState(line: string): boolean {
  return line.includes('status') && (line.includes('running') || line.includes('stopped'));
}

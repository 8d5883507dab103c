import { Body, Controller, Get, Header, Headers, Inject, Put } from '@nestjs/common';
import { z } from 'zod';
import { ComputeError, describeIssues } from '../common/errors/index.js';
import { LOG_LEVELS, changeLevel, type LeveledLog, type LogLevel } from '../common/log.js';
import { Access } from './access.js';
import { Acts } from './token.guard.js';

/** Injection token of the log whose level is shown and set. */
export const SERVICE_LOG = Symbol('ServiceLog');

const LogLevelSchema = z.strictObject({ level: z.enum(LOG_LEVELS) });

/** The level of the log, until the next start. */
@Controller('v1/log-level')
export class LogLevelController {
  constructor(
    @Inject(SERVICE_LOG) private readonly log: LeveledLog,
    @Inject(Access) private readonly access: Access,
  ) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  get(): { level: LogLevel } {
    return { level: this.log.level };
  }

  @Put()
  @Acts()
  set(@Body() body: unknown, @Headers('authorization') authorization?: string): { level: LogLevel } {
    const asked = LogLevelSchema.safeParse(body);
    if (!asked.success) {
      const { text, details } = describeIssues(asked.error.issues);
      throw new ComputeError('REQUEST_INVALID', `send {"level": "debug"}: ${text}`, { details: { mistakes: details } });
    }
    const { level } = asked.data;
    changeLevel(this.log, level, this.access.callerOf(authorization));
    return { level };
  }
}

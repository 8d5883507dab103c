import { Controller, Get, Header, Inject, Res } from '@nestjs/common';
import type { Response } from 'express';

/** Injection token of {@link MetricsSource}. */
export const METRICS_SOURCE = Symbol('MetricsSource');

/** The service's metrics, in whatever format their keeper writes them. */
export interface MetricsSource {
  readonly contentType: string;
  text(): Promise<string>;
}

/** What Prometheus scrapes. */
@Controller()
export class MetricsController {
  constructor(@Inject(METRICS_SOURCE) private readonly source: MetricsSource) {}

  @Get('metrics')
  @Header('Cache-Control', 'no-store')
  async metrics(@Res() response: Response): Promise<void> {
    const text = await this.source.text();
    response.type(this.source.contentType).send(text);
  }
}

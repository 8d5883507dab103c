import { Module, type DynamicModule } from '@nestjs/common';
import type { TransportOptions } from '../transport/index.js';
import { DocumentsController } from './documents.controller.js';
import { Documents } from './documents.js';

/** `/openapi.json` and `/asyncapi.json` of a service with this transport. */
@Module({})
export class DocumentsModule {
  static of(transport: TransportOptions): DynamicModule {
    return {
      module: DocumentsModule,
      controllers: [DocumentsController],
      providers: [{ provide: Documents, useValue: new Documents(transport) }],
    };
  }
}

import { Ajv, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

type JsonObject = Readonly<Record<string, unknown>>;

/** The schemas of a document, read by what knows nothing of where they come from. */
export class DocumentedSchemas {
  readonly #ajv: Ajv | Ajv2020;
  readonly #compiled = new Map<string, ValidateFunction>();

  private constructor(ajv: Ajv | Ajv2020, document: JsonObject) {
    this.#ajv = ajv;
    formats.default(ajv);
    ajv.addSchema(document, 'document');
  }

  static ofOpenApi(document: JsonObject): DocumentedSchemas {
    return new DocumentedSchemas(new Ajv2020({ strict: false, validateSchema: false }), document);
  }

  static ofAsyncApi(document: JsonObject): DocumentedSchemas {
    return new DocumentedSchemas(new Ajv({ strict: false, validateSchema: false }), document);
  }

  /** What is wrong with a value; nothing when it is as the schema at this place of the document says. */
  mistakes(place: readonly string[], value: unknown): string {
    const pointer = place.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/');
    const $ref = `document#/${encodeURI(pointer)}`;
    const validate = this.#compiled.get($ref) ?? this.#ajv.compile({ $ref });
    this.#compiled.set($ref, validate);
    return validate(value) ? '' : `${$ref}: ${this.#ajv.errorsText(validate.errors)} in ${JSON.stringify(value)}`;
  }
}

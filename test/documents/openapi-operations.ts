/** What we read of an OpenAPI document to send the requests of its examples. */
export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Partial<Record<'get' | 'post' | 'put', HttpOperation>>>>;
  readonly components: { readonly responses: Readonly<Record<string, HttpResponse>> };
}

export interface HttpOperation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly example?: unknown }[];
  readonly requestBody?: HttpContent;
  readonly responses: Readonly<Record<string, HttpResponse | { readonly $ref: string }>>;
}

interface HttpContent {
  readonly content: { readonly 'application/json'?: { readonly example?: unknown } };
}
type HttpResponse = HttpContent & { readonly description: string };

export interface DocumentedOperation {
  readonly path: string;
  readonly method: 'get' | 'post' | 'put';
  readonly operation: HttpOperation;
}

export function operationsOf({ paths }: OpenApiDocument): DocumentedOperation[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    (['get', 'post', 'put'] as const).flatMap((method) => {
      const operation = item[method];
      return operation === undefined ? [] : [{ path, method, operation }];
    }),
  );
}

/** Is it answered once, with JSON? */
export function isAnsweredInJson({ operation }: DocumentedOperation): boolean {
  const answer = operation.responses['200'];
  return answer === undefined || '$ref' in answer || answer.content['application/json'] !== undefined;
}

/** Where in the document the schema of an answer stands. */
export function answerPlace({ path, method, operation }: DocumentedOperation, status: string): readonly string[] {
  const response = operation.responses[status];
  const place =
    response !== undefined && '$ref' in response
      ? response.$ref.replace('#/', '').split('/')
      : ['paths', path, method, 'responses', status];
  return [...place, 'content', 'application/json', 'schema'];
}

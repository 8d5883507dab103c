/** What we read of an OpenAPI document to send the requests of its examples. */
export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Partial<Record<HttpMethod, HttpOperation>>>>;
  readonly components: { readonly responses: Readonly<Record<string, HttpResponse>> };
}

const HTTP_METHODS = ['get', 'post', 'put', 'delete'] as const;
type HttpMethod = (typeof HTTP_METHODS)[number];

export interface HttpOperation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly example?: unknown }[];
  readonly requestBody?: HttpContent;
  readonly responses: Readonly<Record<string, HttpResponse | { readonly $ref: string }>>;
}

interface HttpContent {
  /** By media type. */
  readonly content: Readonly<Record<string, { readonly example?: unknown }>>;
}
type HttpResponse = HttpContent & { readonly description: string };

export interface DocumentedOperation {
  readonly path: string;
  readonly method: HttpMethod;
  readonly operation: HttpOperation;
}

export function operationsOf({ paths }: OpenApiDocument): DocumentedOperation[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    HTTP_METHODS.flatMap((method) => {
      const operation = item[method];
      return operation === undefined ? [] : [{ path, method, operation }];
    }),
  );
}

/** Does its answer have an end? News as they happen have none. */
export function isAnsweredOnce({ operation }: DocumentedOperation): boolean {
  const answer = operation.responses['200'];
  return answer === undefined || '$ref' in answer || answer.content['text/event-stream'] === undefined;
}

/** Where in the document the schema of an answer stands. */
export function answerPlace(
  { path, method, operation }: DocumentedOperation,
  status: string,
  mediaType = 'application/json',
): readonly string[] {
  const response = operation.responses[status];
  const place =
    response !== undefined && '$ref' in response
      ? response.$ref.replace('#/', '').split('/')
      : ['paths', path, method, 'responses', status];
  return [...place, 'content', mediaType, 'schema'];
}

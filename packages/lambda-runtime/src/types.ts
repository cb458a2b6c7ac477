/** What the handler needs of Lambda's context. */
export interface InvocationContext {
  readonly awsRequestId?: string;
  getRemainingTimeInMillis(): number;
}

/** What the handler needs of an SQS message. */
export interface SqsRecord {
  readonly messageId: string;
  readonly eventSource: 'aws:sqs';
  readonly eventSourceARN?: string;
  readonly body: string;
  /** By which the queue knows this delivery of it. */
  readonly receiptHandle?: string;
  readonly attributes?: { readonly SentTimestamp?: string; readonly ApproximateReceiveCount?: string };
}

/** A batch of SQS messages. */
export interface SqsEvent {
  readonly Records: readonly SqsRecord[];
}

/**
 * Lambda's partial batch answer: only these messages come again. The event source mapping needs `ReportBatchItemFailures`.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export interface BatchResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/**
 * Members of a log line in addition to its text. Names that Powertools reserves for itself are refused: its Logger drops them with a warning, so that
 * a value that is spread into a line would be lost in Lambda and nowhere else.
 *
 * @see https://docs.aws.amazon.com/powertools/typescript/latest/core/logger/
 */
export type LogAttributes = Readonly<Record<string, unknown>> & {
  readonly [name in 'level' | 'message' | 'sampling_rate' | 'service' | 'timestamp']?: never;
};

/** Where log lines go; the Logger of Powertools fits. */
export interface HandlerLogger {
  info(message: string, attributes: LogAttributes): void;
  warn(message: string, attributes: LogAttributes): void;
  error(message: string, attributes: LogAttributes): void;
}

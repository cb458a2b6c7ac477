const ARN = /^arn:(aws[a-z-]*):sns:([a-z0-9-]+):[0-9]{12}:([A-Za-z0-9_-]+(?:\.fifo)?)$/;

/** The region of an SNS topic; null: it is not the ARN of one. */
export function regionOfTopic(arn: string): string | null {
  return ARN.exec(arn)?.[2] ?? null;
}

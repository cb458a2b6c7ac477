// The loop of a Lambda runtime, as far as these tests need it: the real one is `aws-lambda-ric`, see `npm run test:runtime`.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;
const [file, name] = process.env._HANDLER.split('.');
const post = (path, value) => fetch(`${api}/${path}`, { method: 'POST', body: JSON.stringify(value ?? null) });
const problem = (error) => ({ errorType: error.name, errorMessage: error.message, stackTrace: String(error.stack).split('\n') });

let handler;
try {
  handler = (await import(pathToFileURL(join(process.env.LAMBDA_TASK_ROOT, `${file}.mjs`)).href))[name];
} catch (error) {
  await post('init/error', problem(error));
  process.exit(1);
}
for (;;) {
  // Lambda lets it wait for as long as there is no event; `fetch` ends that after five minutes.
  const next = await fetch(`${api}/invocation/next`).catch((error) => {
    if (error.cause?.code !== 'UND_ERR_HEADERS_TIMEOUT') throw error;
    return null;
  });
  if (next === null) continue;
  const id = next.headers.get('lambda-runtime-aws-request-id');
  const deadline = Number(next.headers.get('lambda-runtime-deadline-ms'));
  const context = {
    awsRequestId: id,
    invokedFunctionArn: next.headers.get('lambda-runtime-invoked-function-arn'),
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
  try {
    await post(`invocation/${id}/response`, await handler(await next.json(), context));
  } catch (error) {
    await post(`invocation/${id}/error`, problem(error));
  }
}

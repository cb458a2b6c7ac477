// Runs our Automation document in the SSM simulator, with the function that it asks in this process.
import {
  AutomationDocument,
  DataTypeEnum,
  DocumentFormat,
  ExecuteScriptStep,
  HardCodedString,
  Input,
  InvokeLambdaFunctionStep,
  type IStringMapVariable,
  PythonVersion,
  ResponseCode,
  ScriptCode,
  ScriptLanguage,
  Simulation,
  StringVariable,
} from '@cdklabs/cdk-ssm-documents';
import type { JsonObject } from '@redress/core';
import { App, Stack } from 'aws-cdk-lib';

/** What of a document the simulator needs to be told. */
interface Document {
  readonly description: string;
  readonly parameters: Readonly<Record<string, { readonly description: string; readonly allowedPattern: string; readonly default?: string }>>;
  readonly outputs: readonly string[];
  readonly mainSteps: readonly [
    { readonly name: string; readonly timeoutSeconds: number; readonly inputs: { readonly InputPayload: Readonly<Record<string, string>> } },
    {
      readonly name: string;
      readonly timeoutSeconds: number;
      readonly inputs: { readonly Handler: string; readonly Script: string };
      readonly outputs: readonly { readonly Name: string; readonly Selector: string; readonly Type: string }[];
    },
  ];
}

/** What an Automation came to. */
export interface Automation {
  readonly id: string;
  readonly status: 'Success' | 'Failed';
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly failure: string;
}

/** Where an Automation runs. */
export interface Place {
  readonly account: string;
  readonly region: string;
}

/** Invokes a function as Lambda does: an error of its own is an answer, too. */
export type Invoke = (name: string, payload: unknown) => Promise<{ readonly StatusCode: number; readonly FunctionError?: string; readonly Payload: string }>;

/** The handler as a function of Lambda. */
export function lambda(handler: (event: unknown) => Promise<unknown>): Invoke {
  return async (_name, payload) => {
    try {
      return { StatusCode: 200, Payload: JSON.stringify(await handler(JSON.parse(JSON.stringify(payload)))) };
    } catch (error) {
      const { name: errorType, message: errorMessage } = error as Error;
      return { StatusCode: 200, FunctionError: 'Unhandled', Payload: JSON.stringify({ errorType, errorMessage, trace: [] }) };
    }
  };
}

/** A map whose values name parameters, which the simulator cannot fill in by itself. */
function filled(map: Readonly<Record<string, string>>, globals: Readonly<Record<string, string>>): IStringMapVariable {
  const names = Object.values(map).flatMap((text) => [...text.matchAll(/\{\{ (.+?) \}\}/g)].map((match) => match[1] ?? ''));
  const resolve = (inputs: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(
      Object.entries(map).map(([key, text]) => [
        key,
        text.replace(/\{\{ (.+?) \}\}/g, (_, name: string) => {
          const value = globals[name] ?? inputs[name];
          if (typeof value !== 'string') throw new Error(`There is no ${name}.`);
          return value;
        }),
      ]),
    );
  return {
    resolve,
    resolveToStringMap: resolve,
    print: () => map,
    requiredInputs: () => names.filter((name) => !name.includes(':')),
    toJSON: () => map,
  };
}

/** A document of ours as the simulator's; what it prints of it has to be the document again. */
export function simulated(content: JsonObject, globals: Readonly<Record<string, string>> = {}): AutomationDocument {
  const document = content as unknown as Document;
  const [ask, judge] = document.mainSteps;
  const made = new AutomationDocument(new Stack(new App(), 'Simulated'), 'Document', {
    documentFormat: DocumentFormat.JSON,
    description: document.description,
    assumeRole: StringVariable.of('AutomationAssumeRole'),
    docInputs: Object.entries(document.parameters).map(([name, { description, allowedPattern, default: value }]) =>
      Input.ofTypeString(name, { description, allowedPattern, ...(value === undefined ? {} : { defaultValue: value }) }),
    ),
    docOutputs: document.outputs.map((name) => ({ name, outputType: name.endsWith('Executions') ? DataTypeEnum.STRING_LIST : DataTypeEnum.STRING })),
  });
  const stack = new Stack(new App(), 'Steps');
  made.addStep(
    new InvokeLambdaFunctionStep(stack, ask.name, {
      timeoutSeconds: ask.timeoutSeconds,
      functionName: StringVariable.of('FunctionArn'),
      invocationType: HardCodedString.of('RequestResponse'),
      payload: filled(ask.inputs.InputPayload, globals),
    }),
  );
  made.addStep(
    new ExecuteScriptStep(stack, judge.name, {
      timeoutSeconds: judge.timeoutSeconds,
      isEnd: true,
      language: ScriptLanguage.python(PythonVersion.VERSION_3_11, judge.inputs.Handler),
      code: ScriptCode.inline(judge.inputs.Script),
      inputPayload: { answer: StringVariable.of(`${ask.name}.Payload`) },
      outputs: judge.outputs.map(({ Name, Selector, Type }) => ({
        name: Name,
        selector: Selector,
        outputType: Type === 'StringList' ? DataTypeEnum.STRING_LIST : DataTypeEnum.STRING,
      })),
    }),
  );
  return made;
}

/**
 * Runs a document to its end. The simulator waits for nobody, so it runs twice: once up to the function, and once with its answer.
 *
 * @throws {Error} parameters that the document does not take
 */
export async function run(content: JsonObject, parameters: Readonly<Record<string, string>>, { account, region }: Place, invoke: Invoke): Promise<Automation> {
  const id = crypto.randomUUID();
  const globals = { 'global:ACCOUNT_ID': account, 'global:REGION': region, 'automation:EXECUTION_ID': id };
  const simulate = (answer: (asked: Readonly<Record<string, unknown>>) => unknown) =>
    Simulation.ofAutomation(simulated(content, globals), {
      awsInvoker: {
        invoke: ({ service, awsApi, awsParams }) => {
          if (service.javaScriptName !== 'Lambda' || awsApi !== 'invoke') throw new Error(`The document calls ${service.javaScriptName} ${awsApi}.`);
          return answer(awsParams);
        },
      },
    }).simulate({ ...parameters });

  let asked: Readonly<Record<string, unknown>> | null = null;
  simulate((params) => {
    asked = params;
    throw new Error('not answered yet');
  });
  if (asked === null) throw new Error('The document has asked nobody.');
  const { FunctionName, Payload } = asked as { FunctionName: string; Payload: unknown };
  const answer = await invoke(FunctionName, typeof Payload === 'string' ? JSON.parse(Payload) : Payload);
  const { responseCode, outputs = {}, stackTrace = '' } = simulate(() => answer);
  return {
    id,
    status: responseCode === ResponseCode.SUCCESS ? 'Success' : 'Failed',
    outputs,
    failure: /^\w*Exception: (.*)$/m.exec(stackTrace)?.[1] ?? stackTrace,
  };
}

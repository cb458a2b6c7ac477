/** What a trail records, as far as it is read. */
export interface Selectors {
  readonly EventSelectors?:
    | readonly {
        readonly IncludeManagementEvents?: boolean | undefined;
        readonly ReadWriteType?: string | undefined;
        readonly ExcludeManagementEventSources?: readonly string[] | undefined;
        readonly DataResources?: readonly { readonly Type?: string | undefined; readonly Values?: readonly string[] | undefined }[] | undefined;
      }[]
    | undefined;
  readonly AdvancedEventSelectors?:
    | readonly { readonly FieldSelectors?: readonly { readonly Field?: string | undefined; readonly Equals?: readonly string[] | undefined }[] | undefined }[]
    | undefined;
}

/** Whether selectors take management events, reading and writing ones, of every service. */
export function isWhole({ EventSelectors = [], AdvancedEventSelectors = [] }: Selectors): boolean {
  return (
    EventSelectors.some(
      ({ IncludeManagementEvents: includes, ReadWriteType: type, ExcludeManagementEventSources: except = [] }) =>
        includes === true && type === 'All' && except.length === 0,
    ) ||
    // By fields: a selector of management events that asks for nothing else.
    AdvancedEventSelectors.some(
      ({ FieldSelectors: fields = [] }) => fields.length === 1 && fields[0]?.Field === 'eventCategory' && fields[0].Equals?.includes('Management') === true,
    )
  );
}

/** Whether selectors take any management events. They do unless they say otherwise. */
export function takesManagement({ EventSelectors: basic, AdvancedEventSelectors: advanced = [] }: Selectors): boolean {
  if (basic === undefined && advanced.length === 0) return true;
  return (
    basic?.some(({ IncludeManagementEvents: includes }) => includes !== false) === true ||
    advanced.some(({ FieldSelectors: fields = [] }) => fields.some(({ Field, Equals = [] }) => Field === 'eventCategory' && Equals.includes('Management')))
  );
}

/** What is done with objects of S3. */
export type Kind = 'read' | 'write';
const OBJECT = 'AWS::S3::Object';
const BASIC = { read: 'ReadOnly', write: 'WriteOnly' } as const;
const READ_ONLY = { read: 'true', write: 'false' } as const;

/** Whether selectors take the events of all objects in all buckets, of the kind. */
export function recordsObjects(kind: Kind, { EventSelectors = [], AdvancedEventSelectors = [] }: Selectors): boolean {
  return (
    EventSelectors.some(
      ({ ReadWriteType: type, DataResources: data = [] }) =>
        (type === 'All' || type === BASIC[kind]) &&
        data.some(({ Type, Values = [] }) => Type === OBJECT && Values.some((each) => /^arn:[^:]+:s3(?::::?)?$/.test(each))),
    ) ||
    AdvancedEventSelectors.some(({ FieldSelectors: fields = [] }) => {
      const asks = (field: string, value: string) => fields.some(({ Field, Equals = [] }) => Field === field && Equals.length === 1 && Equals[0] === value);
      const either = !fields.some(({ Field }) => Field === 'readOnly');
      // A field more would leave something out.
      return (
        asks('eventCategory', 'Data') &&
        asks('resources.type', OBJECT) &&
        (either ? fields.length === 2 : fields.length === 3 && asks('readOnly', READ_ONLY[kind]))
      );
    })
  );
}

/** The selector that takes them: of the form that the trail has, for putting one form erases the other. */
export const selectorOf = (kind: Kind, partition: string) => ({
  basic: {
    ReadWriteType: BASIC[kind],
    IncludeManagementEvents: false,
    DataResources: [{ Type: OBJECT, Values: [`arn:${partition}:s3`] }],
    ExcludeManagementEventSources: [],
  },
  advanced: {
    Name: `S3 objects, ${kind}`,
    FieldSelectors: [
      { Field: 'eventCategory', Equals: ['Data'] },
      { Field: 'resources.type', Equals: [OBJECT] },
      { Field: 'readOnly', Equals: [READ_ONLY[kind]] },
    ],
  },
});

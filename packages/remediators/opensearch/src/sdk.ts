// The only file of this package that imports an SDK client. It is loaded at the first call.
export { DescribeDomainCommand, ListDomainNamesCommand, ListTagsCommand, OpenSearchClient, UpdateDomainConfigCommand } from '@aws-sdk/client-opensearch';

// By name: importing the client itself at run time would make a bundle hold every command of it.
export { PublishCommand, SNSClient } from '@aws-sdk/client-sns';

"""Makes one resource of each kind that remediators look at, in an account that an emulator plays."""

import io
import json
import sys
import zipfile

import boto3

endpoint, region = sys.argv[1:3]


def client(service):
    return boto3.client(service, endpoint_url=endpoint, region_name=region, aws_access_key_id="bench", aws_secret_access_key="bench")


def trust(service):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]})


ec2, iam, s3 = client("ec2"), client("iam"), client("s3")
vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
subnets = [
    ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{index}.0/24", AvailabilityZone=f"{region}{zone}")["Subnet"]["SubnetId"] for index, zone in enumerate("ab")
]
gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
group = ec2.create_security_group(GroupName="web", Description="bench", VpcId=vpc)["GroupId"]
ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
instance = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, SubnetId=subnets[0])["Instances"][0]["InstanceId"]
ec2.create_image(InstanceId=instance, Name="image")
volume = ec2.create_volume(AvailabilityZone=f"{region}a", Size=1)["VolumeId"]
ec2.create_snapshot(VolumeId=volume)
ec2.create_transit_gateway(Options={"AutoAcceptSharedAttachments": "enable"})
ec2.create_network_acl(VpcId=vpc)

iam.create_user(UserName="ada")
iam.create_access_key(UserName="ada")
iam.create_group(GroupName="admins")
role = iam.create_role(RoleName="job", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))["Role"]["Arn"]
everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
iam.create_policy(PolicyName="everything", PolicyDocument=json.dumps(everything))

s3.create_bucket(Bucket="one-bucket")
s3.put_bucket_policy(
    Bucket="one-bucket",
    Policy=json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:*", "Resource": ["arn:aws:s3:::one-bucket", "arn:aws:s3:::one-bucket/*"]}]}),
)
client("cloudtrail").create_trail(Name="trail", S3BucketName="one-bucket")
client("logs").create_log_group(logGroupName="/one")
client("logs").put_retention_policy(logGroupName="/one", retentionInDays=30)
key = client("kms").create_key()["KeyMetadata"]["KeyId"]
client("dynamodb").create_table(
    TableName="orders", BillingMode="PAY_PER_REQUEST", AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}], KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}]
)
code = io.BytesIO()
with zipfile.ZipFile(code, "w") as archive:
    archive.writestr("index.js", "exports.handler = async () => 1;")
client("lambda").create_function(FunctionName="job", Runtime="nodejs22.x", Role=role, Handler="index.handler", Code={"ZipFile": code.getvalue()})

rds = client("rds")
password = {"MasterUsername": "admin", "MasterUserPassword": "not-a-password"}
rds.create_db_instance(DBInstanceIdentifier="orders", Engine="postgres", DBInstanceClass="db.t3.micro", AllocatedStorage=20, **password)
rds.create_db_snapshot(DBInstanceIdentifier="orders", DBSnapshotIdentifier="orders-1")
rds.create_db_cluster(DBClusterIdentifier="shop", Engine="aurora-postgresql", **password)
rds.create_db_cluster_snapshot(DBClusterIdentifier="shop", DBClusterSnapshotIdentifier="shop-1")
client("redshift").create_cluster(ClusterIdentifier="facts", NodeType="ra3.large", ClusterType="single-node", **{**password, "MasterUserPassword": "Not-a-password-1"})

balancers = client("elbv2")
balancer = balancers.create_load_balancer(Name="front", Subnets=subnets, SecurityGroups=[group])["LoadBalancers"][0]["LoadBalancerArn"]
target = balancers.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][0]["TargetGroupArn"]
balancers.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[{"Type": "forward", "TargetGroupArn": target}])
client("elb").create_load_balancer(
    LoadBalancerName="classic", AvailabilityZones=[f"{region}a"], Listeners=[{"Protocol": "http", "LoadBalancerPort": 80, "InstanceProtocol": "http", "InstancePort": 80}]
)

apis = client("apigateway")
api = apis.create_rest_api(name="shop")["id"]
root = apis.get_resources(restApiId=api)["items"][0]["id"]
apis.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
apis.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
apis.create_deployment(restApiId=api, stageName="live")

client("acm").request_certificate(DomainName="shop.example")
client("efs").create_file_system(CreationToken="files")
client("ecs").register_task_definition(family="job", containerDefinitions=[{"name": "job", "image": "job", "memory": 128}])
client("opensearch").create_domain(DomainName="search", EngineVersion="OpenSearch_2.11")
client("sagemaker").create_notebook_instance(NotebookInstanceName="notes", InstanceType="ml.t3.medium", RoleArn=role)
client("secretsmanager").create_secret(Name="password", SecretString="not-a-secret")
client("ssm").create_document(Name="document", DocumentType="Command", Content=json.dumps({"schemaVersion": "2.2", "description": "bench", "mainSteps": []}))
client("wafv2").create_web_acl(
    Name="front", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig={"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "front"}
)

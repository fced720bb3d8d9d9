import type { TestResource } from "./pack";

/** Resources of AWS for the tables: a type, a name and what the case is about. */
type Make = (name: string, properties?: Record<string, unknown>, from?: TestResource["from"]) => TestResource;

const of =
  (type: string): Make =>
  (name, properties = {}, from) => ({ type, name, properties, ...(from && { from }) });

export const loadBalancer = of("aws:lb/loadBalancer:LoadBalancer");
export const classicLoadBalancer = of("aws:elb/loadBalancer:LoadBalancer");
export const listener = of("aws:lb/listener:Listener");
export const listenerRule = of("aws:lb/listenerRule:ListenerRule");
export const distribution = of("aws:cloudfront/distribution:Distribution");
export const securityGroup = of("aws:ec2/securityGroup:SecurityGroup");
export const defaultSecurityGroup = of("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup");
export const securityGroupRule = of("aws:ec2/securityGroupRule:SecurityGroupRule");
export const ingressRule = of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule");
export const egressRule = of("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule");
export const prefixList = of("aws:ec2/managedPrefixList:ManagedPrefixList");
export const prefixListEntry = of("aws:ec2/managedPrefixListEntry:ManagedPrefixListEntry");
export const networkAcl = of("aws:ec2/networkAcl:NetworkAcl");
export const networkAclRule = of("aws:ec2/networkAclRule:NetworkAclRule");
export const networkInterface = of("aws:ec2/networkInterface:NetworkInterface");
export const vpc = of("aws:ec2/vpc:Vpc");
export const subnet = of("aws:ec2/subnet:Subnet");
export const routeTable = of("aws:ec2/routeTable:RouteTable");
export const routeTableAssociation = of("aws:ec2/routeTableAssociation:RouteTableAssociation");
export const route = of("aws:ec2/route:Route");
export const internetGateway = of("aws:ec2/internetGateway:InternetGateway");
export const egressOnlyGateway = of("aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway");
export const ec2 = of("aws:ec2/instance:Instance");
export const launchTemplate = of("aws:ec2/launchTemplate:LaunchTemplate");
export const launchConfiguration = of("aws:ec2/launchConfiguration:LaunchConfiguration");
export const scalingGroup = of("aws:autoscaling/group:Group");
export const elasticIp = of("aws:ec2/eip:Eip");
export const elasticIpAssociation = of("aws:ec2/eipAssociation:EipAssociation");
export const volume = of("aws:ebs/volume:Volume");
export const database = of("aws:rds/instance:Instance");
export const cluster = of("aws:rds/cluster:Cluster");
export const clusterInstance = of("aws:rds/clusterInstance:ClusterInstance");
export const bucket = of("aws:s3/bucket:Bucket");
export const alarm = of("aws:cloudwatch/metricAlarm:MetricAlarm");
export { of };

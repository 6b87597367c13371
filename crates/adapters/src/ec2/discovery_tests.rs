//! What EC2 answers, page by page, becomes plain data.

use super::Ec2;
use crate::aws::{Choice, config_of};
use recorder::FaultKind;
use recorder::discovery::IpNet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Each answer with what must stand in the request, the first that fits.
type Answers = &'static [(&'static [&'static str], &'static str)];

struct Server {
    ec2: Ec2,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(answers: Answers) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || serve(stream, answers, &kept));
            }
        });
        let choice = Choice {
            region: Some("us-east-1".to_owned()),
            keys: Some(("a".to_owned(), "b".to_owned(), None)),
            ..Choice::default()
        };
        let config = config_of(choice).await.into_builder().endpoint_url(url);
        Server {
            ec2: Ec2::new(&config.build()),
            requests,
        }
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, answers: Answers, kept: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let line = line.trim_end().to_lowercase();
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.parse().unwrap();
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let body = String::from_utf8(body).unwrap();
        kept.lock().unwrap().push(body.clone());
        let fits = |(parts, _): &&(&[&str], &str)| parts.iter().all(|part| body.contains(part));
        let (_, content) = answers.iter().find(fits).expect("a request that is known");
        let status = if content.contains("<Errors>") {
            403
        } else {
            200
        };
        let answer = format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{content}",
            content.len()
        );
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn nets(texts: &[&str]) -> Vec<IpNet> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

const INSTANCES: &str = "<DescribeInstancesResponse><reservationSet><item>\
    <ownerId>123456789012</ownerId><instancesSet><item><instanceId>i-0a1</instanceId>\
    <instanceState><code>16</code><name>running</name></instanceState>\
    <tagSet><item><key>Name</key><value>web</value></item></tagSet>\
    <networkInterfaceSet><item><networkInterfaceId>eni-0a1</networkInterfaceId>\
    <subnetId>subnet-0a1</subnetId><vpcId>vpc-0a1</vpcId>\
    <privateIpAddress>10.0.1.5</privateIpAddress><privateIpAddressesSet>\
    <item><privateIpAddress>10.0.1.6</privateIpAddress><primary>false</primary></item>\
    <item><privateIpAddress>10.0.1.5</privateIpAddress><primary>true</primary>\
    <association><publicIp>198.51.100.7</publicIp></association></item>\
    </privateIpAddressesSet><ipv6AddressesSet><item><ipv6Address>2001:db8::5</ipv6Address></item>\
    </ipv6AddressesSet><ipv4PrefixSet><item><ipv4Prefix>10.0.2.16/28</ipv4Prefix></item>\
    </ipv4PrefixSet></item><item><networkInterfaceId>eni-0a2</networkInterfaceId>\
    <subnetId>subnet-0a2</subnetId><vpcId>vpc-0a1</vpcId>\
    <privateIpAddress>10.0.3.9</privateIpAddress></item></networkInterfaceSet></item></instancesSet>\
    </item></reservationSet><nextToken>more</nextToken></DescribeInstancesResponse>";
const MORE_INSTANCES: &str = "<DescribeInstancesResponse><reservationSet><item><instancesSet><item>\
    <instanceId>i-0b2</instanceId><instanceState><name>terminated</name></instanceState></item>\
    </instancesSet></item></reservationSet></DescribeInstancesResponse>";

#[tokio::test]
async fn tells_addresses_of_all_interfaces_through_pages() {
    let server = Server::start(&[
        (&["DescribeInstances", "NextToken=more"], MORE_INSTANCES),
        (&["DescribeInstances"], INSTANCES),
    ])
    .await;
    let ids = ["i-0a1".to_owned(), "i-0b2".to_owned()];
    let found = server.ec2.instances_of(&ids).await.unwrap();
    let [web, gone] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(web.name.as_deref(), Some("web"));
    assert_eq!(web.account.as_deref(), Some("123456789012"));
    assert_eq!(
        (web.state.as_str(), gone.state.as_str()),
        ("running", "terminated")
    );
    let [first, second] = &web.interfaces[..] else {
        panic!("{web:?}");
    };
    let texts: Vec<String> = first.addresses.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["10.0.1.5", "10.0.1.6", "2001:db8::5"]);
    assert_eq!(first.prefixes, nets(&["10.0.2.16/28"]));
    assert_eq!(first.public_addresses[0].to_string(), "198.51.100.7");
    assert_eq!(second.addresses[0].to_string(), "10.0.3.9");
    assert_eq!(second.subnet.as_deref(), Some("subnet-0a2"));
    assert!(gone.interfaces.is_empty());
    let requests = server.requests();
    assert!(
        requests[0]
            .contains("Filter.1.Name=instance-id&Filter.1.Value.1=i-0a1&Filter.1.Value.2=i-0b2"),
        "{requests:?}"
    );
}

const VPCS: &str = "<DescribeVpcsResponse><vpcSet><item><vpcId>vpc-0a1</vpcId>\
    <cidrBlock>10.0.0.0/16</cidrBlock><cidrBlockAssociationSet>\
    <item><cidrBlock>10.0.0.0/16</cidrBlock><cidrBlockState><state>associated</state></cidrBlockState></item>\
    <item><cidrBlock>10.1.0.0/16</cidrBlock><cidrBlockState><state>disassociated</state></cidrBlockState></item>\
    </cidrBlockAssociationSet><ipv6CidrBlockAssociationSet><item><ipv6CidrBlock>2001:db8::/56</ipv6CidrBlock>\
    <ipv6CidrBlockState><state>associated</state></ipv6CidrBlockState></item></ipv6CidrBlockAssociationSet>\
    </item></vpcSet></DescribeVpcsResponse>";
const ASKED_BY_IT: &str = "<DescribeVpcPeeringConnectionsResponse><vpcPeeringConnectionSet><item>\
    <vpcPeeringConnectionId>pcx-1</vpcPeeringConnectionId><status><code>active</code></status>\
    <requesterVpcInfo><vpcId>vpc-0a1</vpcId><cidrBlock>10.0.0.0/16</cidrBlock></requesterVpcInfo>\
    <accepterVpcInfo><vpcId>vpc-0b2</vpcId><ownerId>210987654321</ownerId><region>eu-west-1</region>\
    <cidrBlock>10.8.0.0/16</cidrBlock><cidrBlockSet><item><cidrBlock>10.8.0.0/16</cidrBlock></item>\
    <item><cidrBlock>10.9.0.0/16</cidrBlock></item></cidrBlockSet><ipv6CidrBlockSet>\
    <item><ipv6CidrBlock>2001:db8:8::/56</ipv6CidrBlock></item></ipv6CidrBlockSet></accepterVpcInfo>\
    </item></vpcPeeringConnectionSet><nextToken>more</nextToken></DescribeVpcPeeringConnectionsResponse>";
const NO_MORE: &str = "<DescribeVpcPeeringConnectionsResponse><vpcPeeringConnectionSet/>\
    </DescribeVpcPeeringConnectionsResponse>";
const ASKED_BY_OTHERS: &str = "<DescribeVpcPeeringConnectionsResponse><vpcPeeringConnectionSet><item>\
    <vpcPeeringConnectionId>pcx-2</vpcPeeringConnectionId><status><code>pending-acceptance</code></status>\
    <requesterVpcInfo><vpcId>vpc-0c3</vpcId></requesterVpcInfo>\
    <accepterVpcInfo><vpcId>vpc-0a1</vpcId></accepterVpcInfo></item></vpcPeeringConnectionSet>\
    </DescribeVpcPeeringConnectionsResponse>";

#[tokio::test]
async fn tells_the_networks_of_a_vpc_and_of_its_peers() {
    let server = Server::start(&[
        (
            &["DescribeVpcPeeringConnections", "NextToken=more"],
            NO_MORE,
        ),
        (
            &["DescribeVpcPeeringConnections", "requester-vpc-info"],
            ASKED_BY_IT,
        ),
        (
            &["DescribeVpcPeeringConnections", "accepter-vpc-info"],
            ASKED_BY_OTHERS,
        ),
        (&["DescribeVpcs"], VPCS),
    ])
    .await;
    let vpc = ["vpc-0a1".to_owned()];
    let vpcs = server.ec2.vpcs_of(&vpc).await.unwrap();
    let blocks: Vec<String> = vpcs[0]
        .blocks
        .iter()
        .map(|block| format!("{} {}", block.network, block.state))
        .collect();
    assert_eq!(
        blocks,
        [
            "10.0.0.0/16 associated",
            "10.1.0.0/16 disassociated",
            "2001:db8::/56 associated"
        ]
    );
    let peerings = server.ec2.peerings_of(&vpc).await.unwrap();
    let [one, two] = &peerings[..] else {
        panic!("{peerings:?}");
    };
    assert_eq!(
        (one.status.as_str(), two.status.as_str()),
        ("active", "pending-acceptance")
    );
    let other = &one.sides[1];
    assert_eq!(other.region.as_deref(), Some("eu-west-1"));
    assert_eq!(other.account.as_deref(), Some("210987654321"));
    let networks = ["10.8.0.0/16", "10.9.0.0/16", "2001:db8:8::/56"];
    assert_eq!(other.networks, nets(&networks));
}

const FLOW_LOGS: &str = "<DescribeFlowLogsResponse><flowLogSet><item><flowLogId>fl-1</flowLogId>\
    <flowLogStatus>ACTIVE</flowLogStatus><resourceId>eni-0a1</resourceId><trafficType>ALL</trafficType>\
    <deliverLogsStatus>FAILED</deliverLogsStatus><deliverLogsErrorMessage>Access error</deliverLogsErrorMessage>\
    <logDestinationType>cloud-watch-logs</logDestinationType><logGroupName>flows</logGroupName>\
    <logFormat>${srcaddr} ${dstaddr}</logFormat><maxAggregationInterval>60</maxAggregationInterval>\
    </item></flowLogSet><nextToken>more</nextToken></DescribeFlowLogsResponse>";
const MORE_FLOW_LOGS: &str = "<DescribeFlowLogsResponse><flowLogSet><item><flowLogId>fl-2</flowLogId>\
    <flowLogStatus>ACTIVE</flowLogStatus><resourceId>vpc-0a1</resourceId><trafficType>REJECT</trafficType>\
    <logDestinationType>s3</logDestinationType><logDestination>arn:aws:s3:::flows/team</logDestination>\
    <destinationOptions><fileFormat>parquet</fileFormat><hiveCompatiblePartitions>true</hiveCompatiblePartitions>\
    </destinationOptions></item></flowLogSet></DescribeFlowLogsResponse>";

#[tokio::test]
async fn tells_flow_logs_and_where_they_deliver() {
    let server = Server::start(&[
        (&["DescribeFlowLogs", "NextToken=more"], MORE_FLOW_LOGS),
        (&["DescribeFlowLogs", "resource-id"], FLOW_LOGS),
    ])
    .await;
    let resources = ["eni-0a1".to_owned(), "vpc-0a1".to_owned()];
    let found = server.ec2.flow_logs_of(&resources).await.unwrap();
    let [group, bucket] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(group.log_group.as_deref(), Some("flows"));
    assert_eq!(group.delivery.as_deref(), Some("FAILED"));
    assert_eq!(group.error.as_deref(), Some("Access error"));
    assert_eq!(group.aggregation_seconds, Some(60));
    assert_eq!(group.log_format, "${srcaddr} ${dstaddr}");
    assert!(!group.is_hive && bucket.is_hive);
    assert_eq!(
        bucket.destination.as_deref(),
        Some("arn:aws:s3:::flows/team")
    );
    assert_eq!(
        (bucket.traffic.as_str(), bucket.resource.as_str()),
        ("REJECT", "vpc-0a1")
    );
}

#[tokio::test]
async fn what_may_not_be_asked_is_a_denial() {
    let server = Server::start(&[(
        &["Action"],
        "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error>\
         </Errors></Response>",
    )])
    .await;
    let error = server
        .ec2
        .instances_of(&["i-0a1".to_owned()])
        .await
        .unwrap_err();
    assert_eq!(error.kind, FaultKind::Denied);
    assert_eq!(error.operation, "DescribeInstances");
}

//! Every field of a VPC flow-log record, versions 2 to 11, by AWS's own name.
//!
//! Follows <https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html>.

macro_rules! fields {
    ($($variant:ident $version:literal $name:literal)*) => {
        /// A field of a VPC flow-log record.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Field {
            $(
                #[doc = concat!("`", $name, "`, since version ", stringify!($version), ".")]
                $variant,
            )*
        }

        impl Field {
            /// Every field, in the order of AWS's table.
            pub const ALL: &'static [Field] = &[$(Field::$variant,)*];

            /// The name in a LogFormat, with hyphens.
            pub const fn name(self) -> &'static str {
                match self { $(Field::$variant => $name,)* }
            }

            /// The flow-log version that introduced the field.
            pub const fn version(self) -> u8 {
                match self { $(Field::$variant => $version,)* }
            }
        }
    };
}

fields! {
    Version 2 "version"
    AccountId 2 "account-id"
    InterfaceId 2 "interface-id"
    Srcaddr 2 "srcaddr"
    Dstaddr 2 "dstaddr"
    Srcport 2 "srcport"
    Dstport 2 "dstport"
    Protocol 2 "protocol"
    Packets 2 "packets"
    Bytes 2 "bytes"
    Start 2 "start"
    End 2 "end"
    Action 2 "action"
    LogStatus 2 "log-status"
    VpcId 3 "vpc-id"
    SubnetId 3 "subnet-id"
    InstanceId 3 "instance-id"
    TcpFlags 3 "tcp-flags"
    Type 3 "type"
    PktSrcaddr 3 "pkt-srcaddr"
    PktDstaddr 3 "pkt-dstaddr"
    Region 4 "region"
    AzId 4 "az-id"
    SublocationType 4 "sublocation-type"
    SublocationId 4 "sublocation-id"
    PktSrcAwsService 5 "pkt-src-aws-service"
    PktDstAwsService 5 "pkt-dst-aws-service"
    FlowDirection 5 "flow-direction"
    TrafficPath 5 "traffic-path"
    EcsClusterArn 7 "ecs-cluster-arn"
    EcsClusterName 7 "ecs-cluster-name"
    EcsContainerInstanceArn 7 "ecs-container-instance-arn"
    EcsContainerInstanceId 7 "ecs-container-instance-id"
    EcsContainerId 7 "ecs-container-id"
    EcsSecondContainerId 7 "ecs-second-container-id"
    EcsServiceName 7 "ecs-service-name"
    EcsTaskDefinitionArn 7 "ecs-task-definition-arn"
    EcsTaskArn 7 "ecs-task-arn"
    EcsTaskId 7 "ecs-task-id"
    RejectReason 8 "reject-reason"
    ResourceId 9 "resource-id"
    EncryptionStatus 10 "encryption-status"
    InstanceTag 11 "instance-tag"
    InstanceTag2 11 "instance-tag-2"
    InterfaceTag 11 "interface-tag"
    InterfaceTag2 11 "interface-tag-2"
    AsgTag 11 "asg-tag"
    AsgTag2 11 "asg-tag-2"
    InterfaceType 11 "interface-type"
    NextHopInterfaceId 11 "next-hop-interface-id"
    NextHopSubnetId 11 "next-hop-subnet-id"
    NextHopAzId 11 "next-hop-az-id"
    NextHopVpcId 11 "next-hop-vpc-id"
    NextHopInterfaceType 11 "next-hop-interface-type"
}

impl Field {
    /// The field of that name, spelled with hyphens (text records) or with
    /// underscores (Parquet and Athena).
    pub fn from_name(name: &[u8]) -> Option<Field> {
        Field::ALL.iter().copied().find(|field| {
            let own = field.name().as_bytes();
            own.len() == name.len()
                && own
                    .iter()
                    .zip(name)
                    .all(|(own, given)| own == given || (*own == b'-' && *given == b'_'))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Field;

    #[test]
    fn finds_every_field_in_both_spellings() {
        for field in Field::ALL {
            let hyphens = field.name();
            let underscores = hyphens.replace('-', "_");
            assert_eq!(Field::from_name(hyphens.as_bytes()), Some(*field));
            assert_eq!(Field::from_name(underscores.as_bytes()), Some(*field));
        }
        assert_eq!(Field::from_name(b"srcadd"), None);
        assert_eq!(Field::from_name(b"SRCADDR"), None);
    }

    #[test]
    fn knows_the_version_of_each_field() {
        let count = |version| {
            Field::ALL
                .iter()
                .filter(|field| field.version() == version)
                .count()
        };
        let counts: Vec<usize> = (2..=11).map(count).collect();
        assert_eq!(counts, [14, 7, 4, 4, 0, 10, 1, 1, 1, 12]);
    }
}

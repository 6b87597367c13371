//! AWS Price List: products with their terms, as the service writes them.
//!
//! The API is in a few regions only; the configuration says which one.
//!
//! <https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html>

use crate::aws::port_error;
use aws_config::SdkConfig;
use aws_sdk_pricing::config::Region;
use aws_sdk_pricing::error::BuildError;
use aws_sdk_pricing::types::{Filter, FilterType};
use aws_sdk_pricing::{Client, Config};
use recorder::{FaultKind, ListQuery, PortError};

const SERVICE: &str = "pricing";
const OPERATION: &str = "GetProducts";
/// The form of the documents.
const FORMAT: &str = "aws_v1";

/// The client.
pub struct PriceList(Client);

impl PriceList {
    /// A client with that configuration.
    pub fn new(config: &SdkConfig) -> PriceList {
        PriceList(Client::new(config))
    }

    /// A client of the region next to the configuration's that has the API.
    pub fn near(config: &SdkConfig) -> PriceList {
        let own = config.region().map(|region| region.as_ref());
        let region = Region::new(recorder::list_region(own.unwrap_or_default()));
        let config = Config::from(config).to_builder().region(region);
        PriceList(Client::from_conf(config.build()))
    }

    /// Every product of the service whose attributes have these values, each as a
    /// JSON document.
    async fn of_service(
        &self,
        service_code: &str,
        attributes: &[(&str, String)],
    ) -> Result<Vec<String>, PortError> {
        let filters: Result<Vec<Filter>, BuildError> = attributes
            .iter()
            .map(|(field, value)| {
                let filter = Filter::builder().r#type(FilterType::TermMatch);
                filter.field(*field).value(value).build()
            })
            .collect();
        let filters = filters.map_err(|error| PortError {
            service: SERVICE,
            operation: OPERATION,
            kind: FaultKind::Invalid,
            source: error.into(),
        })?;
        let mut pages = self
            .0
            .get_products()
            .service_code(service_code)
            .format_version(FORMAT)
            .set_filters(Some(filters))
            .into_paginator()
            .send();
        let mut documents = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| port_error(SERVICE, OPERATION, error))?;
            documents.extend(page.price_list.unwrap_or_default());
        }
        Ok(documents)
    }
}

impl recorder::port::PriceList for PriceList {
    async fn products(&self, queries: &[ListQuery]) -> Result<Vec<String>, PortError> {
        let mut documents = Vec::new();
        for query in queries {
            documents.extend(self.of_service(query.service, &query.filters).await?);
        }
        Ok(documents)
    }
}

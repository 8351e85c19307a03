//! JSON/REST as the contracts' `google.api.http` options say it, with the contracts' own messages on both sides.

use http::Method;
use prost_reflect::{DeserializeOptions, DynamicMessage, ReflectMessage};

use super::{Gateway, Refusal, patiently};

/// A document as it came.
#[derive(Debug)]
pub struct Download {
    /// `application/pdf`.
    pub content_type: String,
    /// The bytes.
    pub content: Vec<u8>,
}

impl Gateway {
    /// Reads a resource. `path` is what follows the address, with its query.
    ///
    /// # Errors
    /// The refusal that was left after repeating.
    pub async fn get<A: ReflectMessage + Default>(&self, path: &str) -> Result<A, Refusal> {
        let text = patiently(async || {
            self.send(Method::GET, path, None)
                .await?
                .text()
                .await
                .map_err(cut)
        })
        .await?;
        message(&text)
    }

    /// Sends a message as the body.
    ///
    /// # Errors
    /// The refusal that was left after repeating.
    pub async fn post<A: ReflectMessage + Default>(
        &self,
        path: &str,
        body: &impl ReflectMessage,
    ) -> Result<A, Refusal> {
        let body = serde_json::to_string(&body.transcode_to_dynamic())
            .map_err(|error| Refusal::local(error.to_string()))?;
        self.write(path, ("application/json", body.as_bytes()))
            .await
    }

    /// Sends bytes as the body.
    ///
    /// # Errors
    /// The refusal that was left after repeating.
    pub async fn upload<A: ReflectMessage + Default>(
        &self,
        path: &str,
        content_type: &'static str,
        content: &[u8],
    ) -> Result<A, Refusal> {
        self.write(path, (content_type, content)).await
    }

    async fn write<A: ReflectMessage + Default>(
        &self,
        path: &str,
        body: (&'static str, &[u8]),
    ) -> Result<A, Refusal> {
        let text = patiently(async || {
            self.send(Method::POST, path, Some(body))
                .await?
                .text()
                .await
                .map_err(cut)
        })
        .await?;
        message(&text)
    }

    /// Reads a document.
    ///
    /// # Errors
    /// The refusal that was left after repeating.
    pub async fn download(&self, path: &str) -> Result<Download, Refusal> {
        patiently(async || {
            let answer = self.send(Method::GET, path, None).await?;
            let content_type = answer.headers().get(http::header::CONTENT_TYPE);
            let content_type = content_type
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default()
                .to_owned();
            Ok(Download {
                content_type,
                content: answer.bytes().await.map_err(cut)?.to_vec(),
            })
        })
        .await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<(&'static str, &[u8])>,
    ) -> Result<reqwest::Response, Refusal> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(bearer) = self.bearer.header() {
            request = request.header(http::header::AUTHORIZATION, bearer);
        }
        if let Some((content_type, content)) = body {
            request = request
                .header(http::header::CONTENT_TYPE, content_type)
                .body(content.to_vec());
        }
        let answer = request
            .send()
            .await
            .map_err(|error| Refusal::unreachable(&error))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let http_status = answer.status().as_u16();
        Err(Refusal::of_json(
            http_status,
            &answer.text().await.unwrap_or_default(),
        ))
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err wants"
)]
fn cut(error: reqwest::Error) -> Refusal {
    Refusal::unreachable(&error)
}

fn message<A: ReflectMessage + Default>(text: &str) -> Result<A, Refusal> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let options = DeserializeOptions::new().deny_unknown_fields(false);
    DynamicMessage::deserialize_with_options(A::default().descriptor(), &mut reader, &options)
        .map_err(|error| {
            Refusal::local(format!("the answer is not what the contract says: {error}"))
        })?
        .transcode_to()
        .map_err(|error| Refusal::local(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::message;
    use proto::billing::v1 as billing;

    #[test]
    fn an_answer_with_64_bit_numbers_as_text_and_unknown_fields_is_read() {
        let text = r#"{"bill": {"billId": "bill_1", "status": "BILL_STATUS_OPEN", "added_later": [1],
            "clientBalance": {"currencyCode": "USD", "minorUnits": "1234"}}}"#;
        let answer: billing::GetBillResponse = message(text).unwrap();
        let bill = answer.bill.unwrap();
        assert_eq!(bill.status(), billing::BillStatus::Open);
        assert_eq!(bill.client_balance.unwrap().minor_units, 1234);
    }

    #[test]
    fn an_answer_that_is_no_json_is_refused() {
        assert!(message::<billing::GetBillResponse>("<html>").is_err());
    }
}

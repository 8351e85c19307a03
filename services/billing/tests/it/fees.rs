use crate::app::{TODAY, TestApp, minor, reason, usd};
use crate::corrections::wrong_field;
use crate::people::{NOBODYS, grace};
use crate::sessions::with;
use ids::PracticeId;
use proto::billing::v1::fee_service_client::FeeServiceClient;
use proto::billing::v1::{
    AddServiceRequest, AssignSlidingScaleRequest, EndClientRateRequest, GetSlidingScaleRequest,
    ListClientRatesRequest, ListClientRatesResponse, ListServicesRequest, RecordSessionRequest,
    RetireServiceRequest, Service, ServiceLine, Session, SetClientRateRequest,
    SetServicePriceRequest, SetSlidingScaleRequest, SlidingScaleTier,
};
use proto::google::r#type::Date;
use rpc::{Claims, Connection, Role};
use testkit::request_id;

pub fn march(day: i32) -> Date {
    Date { day, ..TODAY }
}

impl TestApp {
    pub fn fees(&self) -> FeeServiceClient<Connection> {
        FeeServiceClient::new(self.owner_of(self.practice))
    }

    pub fn as_clinician(&self) -> FeeServiceClient<Connection> {
        let practice = self.practice.to_string();
        FeeServiceClient::new(self.connection(move |claims| Claims {
            role: Role::Clinician,
            practice_id: Some(practice.clone()),
            ..claims
        }))
    }

    /// An hour of psychotherapy, by telehealth.
    pub fn service_request(&self, code: &str, price: i64) -> AddServiceRequest {
        AddServiceRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            service_code: code.to_owned(),
            description: "Psychotherapy, 60 minutes".to_owned(),
            modifiers: vec!["95".to_owned()],
            place_of_service: "10".to_owned(),
            unit_price: Some(usd(price)),
            effective_date: None,
        }
    }

    pub async fn add_service(&self, code: &str, price: i64) -> Service {
        let request = self.service_request(code, price);
        let added = self.fees().add_service(request).await;
        let added = added.expect("added").into_inner();
        added.service.expect("a service")
    }

    pub fn price_request(
        &self,
        code: &str,
        price: i64,
        from: Option<Date>,
    ) -> SetServicePriceRequest {
        SetServicePriceRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            service_code: code.to_owned(),
            unit_price: Some(usd(price)),
            effective_date: from,
        }
    }

    pub fn rate_request(&self, code: &str, price: i64, from: Date) -> SetClientRateRequest {
        SetClientRateRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            client_id: self.client.to_string(),
            service_code: code.to_owned(),
            unit_price: Some(usd(price)),
            effective_date: Some(from),
            note: "agreed by phone".to_owned(),
        }
    }

    fn scale_request(&self, tiers: &[(&str, &str)]) -> SetSlidingScaleRequest {
        let tier = |(name, percent): &(&str, &str)| SlidingScaleTier {
            name: (*name).to_owned(),
            percent: (*percent).to_owned(),
        };
        SetSlidingScaleRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            tiers: tiers.iter().map(tier).collect(),
        }
    }

    fn tier_request(&self, tier: &str, from: Date) -> AssignSlidingScaleRequest {
        AssignSlidingScaleRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            client_id: self.client.to_string(),
            tier: tier.to_owned(),
            effective_date: Some(from),
        }
    }

    async fn agreed(&self) -> ListClientRatesResponse {
        let request = ListClientRatesRequest {
            practice_id: self.practice.to_string(),
            client_id: self.client.to_string(),
        };
        let listed = self.fees().list_client_rates(request).await;
        listed.expect("read").into_inner()
    }

    /// A session on a day of March, its one line named by its code only.
    async fn unpriced(&self, code: &str, day: i32) -> RecordSessionRequest {
        let request = self.session_request().await;
        with(&request, |session| {
            let start = session.start_time.as_mut().expect("a time");
            start.seconds += i64::from(day - 2) * 24 * 60 * 60;
            session.place_of_service = String::new();
            session.lines = vec![ServiceLine {
                service_code: code.to_owned(),
                units: 1,
                ..ServiceLine::default()
            }];
        })
    }

    /// The same on a day of March, whatever today is.
    async fn unpriced_at(&self, day: i8) -> RecordSessionRequest {
        let noon = jiff::civil::date(2026, 3, day).at(15, 0, 0, 0);
        let noon = noon.to_zoned(jiff::tz::TimeZone::UTC).expect("a moment");
        let request = self.unpriced("90837", 2).await;
        with(&request, |session| {
            let start = session.start_time.as_mut().expect("a time");
            start.seconds = noon.timestamp().as_second();
        })
    }

    async fn price_on(&self, code: &str, day: i32) -> i64 {
        let recorded = self.record(self.unpriced(code, day).await).await;
        minor(&recorded.lines[0].unit_price)
    }
}

#[tokio::test]
async fn r05_the_catalogue_keeps_every_price_from_its_day() {
    let app = TestApp::start().await;
    let request = app.service_request("90837", 15_000);
    let added = app.fees().add_service(request.clone()).await;
    let added = added.expect("added").into_inner().service;
    assert_eq!(
        minor(&added.as_ref().expect("a service").unit_price),
        15_000
    );
    let again = app.fees().add_service(request.clone()).await;
    assert_eq!(again.expect("again").into_inner().service, added);
    let twin = AddServiceRequest {
        request_id: request_id(),
        ..request
    };
    assert_eq!(
        reason(app.fees().add_service(twin).await),
        "SERVICE_CODE_TAKEN"
    );

    let raised = app.price_request("90837", 16_000, Some(march(10)));
    let service = app.fees().set_service_price(raised.clone()).await;
    let service = service.expect("set").into_inner().service;
    let service = service.expect("a service");
    let prices = service.prices.iter();
    let prices: Vec<_> = prices
        .map(|price| (price.effective_date, minor(&price.unit_price)))
        .collect();
    let always = Some(Date {
        year: 1900,
        month: 1,
        day: 1,
    });
    assert_eq!(prices, [(always, 15_000), (Some(march(10)), 16_000)]);
    assert_eq!(minor(&service.unit_price), 15_000, "of today");
    let again = app.fees().set_service_price(raised).await;
    assert_eq!(again.expect("again").into_inner().service, Some(service));
    for (day, price) in [(2, 15_000), (9, 15_000), (10, 16_000), (31, 16_000)] {
        assert_eq!(app.price_on("90837", day).await, price, "March {day}");
    }

    let past = app.price_request("90837", 1, Some(march(1)));
    assert_eq!(
        wrong_field(app.fees().set_service_price(past).await),
        "effective_date"
    );
    let unknown = app.price_request("90834", 1, None);
    assert_eq!(
        reason(app.fees().set_service_price(unknown).await),
        "SERVICE_NOT_FOUND"
    );
    let mut euros = app.price_request("90837", 1, None);
    euros.unit_price.as_mut().expect("a price").currency_code = "EUR".to_owned();
    assert_eq!(
        reason(app.fees().set_service_price(euros).await),
        "CURRENCY_MISMATCH"
    );
    app.finish().await;
}

#[tokio::test]
async fn r05_the_catalogue_is_listed_by_code_and_retired_services_only_when_asked_for() {
    let app = TestApp::start().await;
    for code in ["90837", "90834", "90791", "H0004"] {
        app.add_service(code, 10_000).await;
    }
    let retire = RetireServiceRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        service_code: "90834".to_owned(),
        retire_date: None,
    };
    let retired = app.fees().retire_service(retire.clone()).await;
    let retired = retired.expect("retired").into_inner().service;
    assert_eq!(retired.expect("a service").retire_date, Some(TODAY));
    let later = RetireServiceRequest {
        request_id: request_id(),
        service_code: "90837".to_owned(),
        retire_date: Some(march(10)),
        ..retire
    };
    app.fees().retire_service(later).await.expect("retired");
    let mut listed = Vec::new();
    for include_retired in [false, true] {
        let mut codes = Vec::new();
        let mut request = ListServicesRequest {
            practice_id: app.practice.to_string(),
            page_size: 2,
            page_token: String::new(),
            include_retired,
        };
        loop {
            let page = app.fees().list_services(request.clone()).await;
            let page = page.expect("a page").into_inner();
            codes.extend(
                page.services
                    .into_iter()
                    .map(|service| service.service_code),
            );
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                break;
            }
        }
        listed.push(codes);
    }
    assert_eq!(
        listed,
        [
            vec!["90791", "90837", "H0004"],
            vec!["90791", "90834", "90837", "H0004"]
        ]
    );
    assert_eq!(app.price_on("90837", 9).await, 10_000);
    let late = app.unpriced("90837", 10).await;
    assert_eq!(
        reason(app.sessions().record_session(late).await),
        "SERVICE_NOT_FOUND"
    );
    app.finish().await;
}

#[tokio::test]
async fn r05_a_session_without_a_price_costs_the_clients_rate_or_share_or_the_catalogues_price() {
    let app = TestApp::start().await;
    app.add_service("90837", 15_001).await;
    let recorded = app.record(app.unpriced("90837", 2).await).await;
    let line = &recorded.lines[0];
    assert_eq!(minor(&line.unit_price), 15_001);
    assert_eq!(line.description, "Psychotherapy, 60 minutes");
    assert_eq!(line.modifiers, ["95"]);
    assert_eq!(recorded.place_of_service, "10");

    let scale = app.scale_request(&[("Half", "50"), ("Third", "33.333333")]);
    app.fees().set_sliding_scale(scale).await.expect("set");
    let half = app.tier_request("Half", march(5));
    app.fees().assign_sliding_scale(half).await.expect("given");
    let none = app.tier_request("", march(25));
    app.fees().assign_sliding_scale(none).await.expect("ended");
    let own = app.rate_request("90837", 9_000, march(10));
    let agreed = app.fees().set_client_rate(own.clone()).await;
    let agreed = agreed.expect("agreed").into_inner().rate;
    let again = app.fees().set_client_rate(own).await;
    assert_eq!(again.expect("again").into_inner().rate, agreed);
    let end = EndClientRateRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        client_id: app.client.to_string(),
        service_code: "90837".to_owned(),
        end_date: Some(march(20)),
        note: String::new(),
    };
    app.fees()
        .end_client_rate(end.clone())
        .await
        .expect("ended");
    for (day, price) in [
        (4, 15_001),
        (5, 7_500),
        (9, 7_500),
        (10, 9_000),
        (19, 9_000),
        (20, 7_500),
        (25, 15_001),
    ] {
        assert_eq!(app.price_on("90837", day).await, price, "March {day}");
    }
    let listed = app.agreed().await;
    let prices: Vec<_> = listed
        .rates
        .iter()
        .map(|rate| rate.unit_price.as_ref().map(|price| price.minor_units))
        .collect();
    assert_eq!(prices, [Some(9_000), None]);
    let tiers: Vec<_> = listed
        .sliding_scale
        .iter()
        .map(|given| given.tier.as_str())
        .collect();
    assert_eq!(tiers, ["Half", ""]);

    let twice = EndClientRateRequest {
        request_id: request_id(),
        ..end
    };
    assert_eq!(
        reason(app.fees().end_client_rate(twice).await),
        "CLIENT_RATE_NOT_FOUND"
    );
    app.finish().await;
}

#[tokio::test]
async fn r05_a_tier_that_changes_keeps_what_it_was_for_earlier_service_days() {
    let app = TestApp::start().await;
    app.add_service("90837", 10_000).await;
    app.clock
        .set("2026-03-05T15:00:00Z".parse().expect("an instant"));
    let scale = app.scale_request(&[("Half", "50"), ("Low", "20")]);
    app.fees().set_sliding_scale(scale).await.expect("set");
    // Given for earlier days than the scale is old.
    let half = app.tier_request("Half", march(2));
    app.fees().assign_sliding_scale(half).await.expect("given");
    app.clock
        .set("2026-03-10T15:00:00Z".parse().expect("an instant"));
    for percent in ["70", "60"] {
        let changed = app.scale_request(&[("Half", percent), ("Low", "20")]);
        app.fees().set_sliding_scale(changed).await.expect("set");
    }
    let low = app.tier_request("Low", march(20));
    app.fees().assign_sliding_scale(low).await.expect("given");
    for (day, price) in [
        (2, 5_000),
        (9, 5_000),
        (10, 6_000),
        (19, 6_000),
        (20, 2_000),
    ] {
        let request = app.unpriced_at(day).await;
        let recorded = app.record(request).await;
        let found = minor(&recorded.lines[0].unit_price);
        assert_eq!(found, price, "March {day}, recorded on the tenth");
    }
    app.finish().await;
}

#[tokio::test]
async fn r05_what_a_line_says_itself_counts_and_what_nobody_says_is_refused_by_field() {
    let app = TestApp::start().await;
    app.add_service("90837", 15_000).await;
    let request = app.unpriced("90837", 2).await;
    let recorded = app
        .record(with(&request, |session| {
            session.place_of_service = "11".to_owned();
            session.lines[0].description = "Couples therapy".to_owned();
            session.lines[0].modifiers = vec!["HR".to_owned()];
            session.lines.push(ServiceLine {
                service_code: "90837".to_owned(),
                units: 2,
                unit_price: Some(usd(0)),
                ..ServiceLine::default()
            });
        }))
        .await;
    let [first, second] = &recorded.lines[..] else {
        panic!("two lines");
    };
    assert_eq!(
        (first.description.as_str(), minor(&first.unit_price)),
        ("Couples therapy", 15_000)
    );
    assert_eq!(first.modifiers, ["HR"]);
    assert_eq!(minor(&second.unit_price), 0, "a price of 0 is a price");
    assert_eq!(second.description, "Psychotherapy, 60 minutes");
    assert!(second.modifiers.is_empty());
    assert_eq!(recorded.place_of_service, "11");

    let unknown = |session: &mut Session| session.lines[0].service_code = "90834".to_owned();
    let refused = app.sessions().record_session(with(&request, unknown)).await;
    assert_eq!(wrong_field(refused), "session.lines[0].service_code");
    let refused = app.sessions().record_session(with(&request, unknown)).await;
    assert_eq!(reason(refused), "SERVICE_NOT_FOUND");
    let undescribed = with(&request, |session| {
        unknown(session);
        session.lines[0].unit_price = Some(usd(100));
    });
    let refused = app.sessions().record_session(undescribed).await;
    assert_eq!(wrong_field(refused), "session.lines[0].description");
    app.finish().await;
}

#[tokio::test]
async fn r05_a_tier_that_is_no_longer_offered_stays_with_who_has_it() {
    let app = TestApp::start().await;
    app.add_service("90837", 10_000).await;
    let scale = app.scale_request(&[("A", "80"), ("B", "50")]);
    app.fees().set_sliding_scale(scale).await.expect("set");
    let given = app.tier_request("B", TODAY);
    let first = app.fees().assign_sliding_scale(given.clone()).await;
    let first = first.expect("given").into_inner();
    let again = app.fees().assign_sliding_scale(given).await;
    assert_eq!(again.expect("again").into_inner(), first);
    let scale = app.scale_request(&[("C", "40"), ("A", "75.5")]);
    let replaced = app.fees().set_sliding_scale(scale).await;
    let replaced = replaced.expect("set").into_inner().tiers;
    let read = GetSlidingScaleRequest {
        practice_id: app.practice.to_string(),
    };
    let read = app.fees().get_sliding_scale(read).await.expect("read");
    assert_eq!(read.into_inner().tiers, replaced);
    let shown: Vec<_> = replaced
        .iter()
        .map(|tier| (tier.name.as_str(), tier.percent.as_str()))
        .collect();
    assert_eq!(shown, [("C", "40"), ("A", "75.5")]);
    assert_eq!(app.price_on("90837", 3).await, 5_000);
    let gone = app.tier_request("B", march(4));
    assert_eq!(
        reason(app.fees().assign_sliding_scale(gone).await),
        "TIER_NOT_FOUND"
    );
    let other = app.tier_request("A", march(4));
    app.fees().assign_sliding_scale(other).await.expect("given");
    assert_eq!(app.price_on("90837", 4).await, 7_550);
    for tiers in [
        &[("A", "5O")][..],
        &[("A", "1001")],
        &[("A", "50"), ("A", "60")],
        &[(" ", "50")],
    ] {
        let refused = app.fees().set_sliding_scale(app.scale_request(tiers)).await;
        assert_eq!(reason(refused), "INVALID_FIELD", "{tiers:?}");
    }
    app.finish().await;
}

#[tokio::test]
async fn r41_a_clinician_reads_fees_and_only_owner_and_biller_set_them() {
    let app = TestApp::start().await;
    app.add_service("90837", 10_000).await;
    let mut clinician = app.as_clinician();
    let list = ListServicesRequest {
        practice_id: app.practice.to_string(),
        ..ListServicesRequest::default()
    };
    let listed = clinician.list_services(list.clone()).await.expect("read");
    assert_eq!(listed.into_inner().services.len(), 1);
    let set = app.price_request("90837", 1, None);
    let refused = clinician.set_service_price(set).await;
    assert_eq!(
        refused.expect_err("refused").code(),
        tonic::Code::PermissionDenied
    );

    let stranger = PracticeId::new(&app.clock);
    app.register(stranger).await;
    let mut theirs = FeeServiceClient::new(app.owner_of(stranger));
    let own = ListServicesRequest {
        practice_id: stranger.to_string(),
        ..list.clone()
    };
    let listed = theirs.list_services(own).await.expect("read");
    assert_eq!(listed.into_inner().services, []);
    assert_eq!(reason(theirs.list_services(list).await), "PRACTICE_UNKNOWN");
    let mut for_nobody = app.rate_request("90837", 1, TODAY);
    for_nobody.client_id = NOBODYS.to_owned();
    assert_eq!(
        reason(app.fees().set_client_rate(for_nobody).await),
        "CLIENT_NOT_FOUND"
    );
    let mut for_ours = app.rate_request("90837", 1, TODAY);
    for_ours.practice_id = stranger.to_string();
    assert_eq!(
        reason(theirs.set_client_rate(for_ours).await),
        "CLIENT_NOT_FOUND"
    );
    // Another client's rate is another client's.
    let own = app.rate_request("90837", 1_000, TODAY);
    app.fees().set_client_rate(own).await.expect("agreed");
    let grace = app.add(grace()).await;
    let theirs = with(&app.unpriced("90837", 3).await, |session| {
        session.client_id.clone_from(&grace.client_id);
    });
    assert_eq!(minor(&app.record(theirs).await.total), 10_000);
    app.finish().await;
}

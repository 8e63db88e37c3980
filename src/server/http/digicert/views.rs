//! The documents of answers. Numbers are numbers, except in the answer about validation, where they are texts.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::EndedDomain;
use crate::service::Outcome;
use crate::service::orders::{
    Caller, Container, ControlMethod, ControlReport, ControlState, Domain, NameScope, Order, OrderDomain,
    OrderFile, OrderInfo, Organization, OrganizationValidation, Page, Progress, Role, User, ValidationType,
    date, days_between, offset_time,
};
use crate::types::{Status, UnixTime};

/// How far the validation for an order is.
#[derive(Debug, Serialize)]
struct ValidationView<'a> {
    order_id: String,
    order_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_name_scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_dcv_method: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_name: Option<&'a str>,
    /// Not for DV.
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_validations: Option<Vec<OrganizationValidationView<'a>>>,
    dns_name_validations: Vec<DomainView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    risk_check: Option<RiskCheckView>,
}

#[derive(Debug, Serialize)]
struct OrganizationValidationView<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'static str,
    description: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_created: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    validated_until: Option<String>,
    status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    verified_contacts: Vec<ContactView<'a>>,
    verification_details: Map<String, Value>,
}

#[derive(Debug, Serialize)]
struct ContactView<'a> {
    user_id: String,
    name: String,
    first_name: &'a str,
    last_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    telephone: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    status: &'static str,
}

#[derive(Debug, Serialize)]
struct DomainView<'a> {
    domain_id: String,
    name_scope: &'a str,
    approval_scope: &'static str,
    status: &'static str,
    method: &'static str,
    dns_names: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    approval_expiration_date: Option<String>,
}

#[derive(Debug, Serialize)]
struct RiskCheckView {
    status: &'static str,
}

/// Whether a certificate is revoked, with the members of `revocache check --json`.
#[derive(Debug, Serialize)]
struct RevocationView {
    status: &'static str,
    cause: Option<&'static str>,
    revocation_reason: Option<&'static str>,
    revoked_at: Option<String>,
    invalidity_date: Option<String>,
    method: &'static str,
    this_update: Option<String>,
    next_update: Option<String>,
    crl_number: Option<String>,
    generation: u64,
}

/// The answer about validation at some time.
pub(super) fn validation(file: &OrderFile, at: UnixTime, ended: EndedDomain, with_risk_check: bool) -> Value {
    let OrderFile { order, organization, domains, .. } = file;
    let kind = order.product.validation_type;
    let is_dv = kind == ValidationType::Dv;
    let risk = (is_dv || with_risk_check)
        .then(|| RiskCheckView { status: order.risk_check.unwrap_or(Progress::Pending).name() });
    let domains = domains.iter().filter_map(|domain| {
        let named = order.domains.iter().find(|it| it.domain_id == domain.id)?;
        Some(domain_view(domain, named, at, ended))
    });
    document(&ValidationView {
        order_id: order.id.to_string(),
        order_status: order.status_at(at).name(),
        order_name_scope: order.name_scope.map(NameScope::name),
        order_dcv_method: order.dcv_method.map(ControlMethod::name),
        organization_id: organization.as_ref().map(|it| it.id.to_string()),
        organization_name: organization.as_ref().map(|it| it.name.as_str()),
        organization_validations: (!is_dv).then(|| vec![needed_validation(organization.as_ref(), kind, at)]),
        dns_name_validations: domains.collect(),
        risk_check: risk,
    })
}

/// The validation of an organization that an order of some type needs; one that has not begun if there is none.
fn needed_validation(
    organization: Option<&Organization>,
    kind: ValidationType,
    at: UnixTime,
) -> OrganizationValidationView<'_> {
    let found = organization.and_then(|it| it.validations.iter().find(|it| it.kind == kind));
    let state = match found {
        Some(validation) => validation.state(at),
        None => OrganizationValidation::untouched(kind).state(at),
    };
    let contacts = found.map(|it| it.verified_contacts.as_slice()).unwrap_or_default();
    let details = state
        .components
        .iter()
        .map(|(component, progress)| (component.name().to_owned(), progress.name().into()));
    OrganizationValidationView {
        kind: kind.id(),
        name: kind.label(),
        description: kind.description(),
        date_created: state.period.map(|(from, _)| offset_time(from)),
        validated_until: state.period.map(|(_, until)| offset_time(until)),
        status: state.status.name(),
        verified_contacts: contacts
            .iter()
            .map(|contact| ContactView {
                user_id: contact.user_id.to_string(),
                name: format!("{} {}", contact.first_name, contact.last_name),
                first_name: &contact.first_name,
                last_name: &contact.last_name,
                job_title: contact.job_title.as_deref(),
                telephone: contact.telephone.as_deref(),
                email: contact.email.as_deref(),
                status: contact.status.name(),
            })
            .collect(),
        verification_details: details.collect(),
    }
}

fn domain_view<'a>(
    domain: &'a Domain,
    named: &'a OrderDomain,
    at: UnixTime,
    ended: EndedDomain,
) -> DomainView<'a> {
    let (status, end) = match domain.state(at) {
        ControlState::Pending => ("pending", None),
        ControlState::Approved { until } => ("approved", Some(until)),
        ControlState::Expired { since } => (ended.name(), Some(since)),
    };
    DomainView {
        domain_id: domain.id.to_string(),
        name_scope: &domain.name,
        approval_scope: domain.approval_scope.name(),
        status,
        method: domain.method.name(),
        dns_names: &named.dns_names,
        approval_expiration_date: end.map(offset_time),
    }
}

/// An order at some time.
pub(super) fn info(info: &OrderInfo, at: UnixTime) -> Value {
    let OrderFile { order, organization, user, .. } = &info.file;
    let product = &order.product;
    let kind = product.validation_type;
    let mut document = Map::new();
    document.insert("id".to_owned(), order.id.number().into());
    document.insert("certificate".to_owned(), certificate(info, at));
    document.insert("status".to_owned(), order.status_at(at).name().into());
    document.insert("is_renewal".to_owned(), order.is_renewal.into());
    document.insert("is_renewed".to_owned(), order.is_renewed.into());
    if let Some(id) = order.renewed_order_id {
        document.insert("renewed_order_id".to_owned(), id.number().into());
    }
    document.insert("date_created".to_owned(), offset_time(order.date_created).into());
    if let Some(it) = organization {
        document.insert("organization".to_owned(), organization_view(it));
    }
    insert_some(&mut document, "validity_years", order.validity_years);
    insert_some(&mut document, "container", order.container.as_ref().map(container));
    let product = json!({
        "name_id": product.name_id, "name": product.name, "type": product.kind, "validation_type": kind.id(),
        "validation_name": kind.label(), "validation_description": kind.description(),
    });
    document.insert("product".to_owned(), product);
    insert_some(&mut document, "dcv_method", order.dcv_method.map(ControlMethod::name));
    if let Some(it) = user {
        let user = json!({
            "id": it.id.number(), "first_name": it.first_name, "last_name": it.last_name, "email": it.email
        });
        document.insert("user".to_owned(), user);
    }
    if !order.requests.is_empty() {
        let requests = order.requests.iter().map(|request| {
            let mut view = Map::new();
            view.insert("id".to_owned(), request.id.into());
            view.insert("date".to_owned(), offset_time(request.date).into());
            view.insert("type".to_owned(), request.kind.as_str().into());
            view.insert("status".to_owned(), request.status.as_str().into());
            insert_some(&mut view, "comments", request.comments.as_deref());
            Value::Object(view)
        });
        document.insert("requests".to_owned(), requests.collect());
    }
    insert_some(&mut document, "payment_method", order.payment_method.as_deref());
    document.insert("allow_duplicates".to_owned(), order.allow_duplicates.into());
    Value::Object(document)
}

fn certificate(info: &OrderInfo, at: UnixTime) -> Value {
    let order = &info.file.order;
    let it = &order.certificate;
    let mut view = Map::new();
    view.insert("id".to_owned(), it.id.number().into());
    insert_some(&mut view, "thumbprint", it.thumbprint.as_deref());
    insert_some(&mut view, "serial_number", it.serial_number.as_deref());
    insert_some(&mut view, "common_name", it.common_name.as_deref());
    view.insert("dns_names".to_owned(), json!(it.dns_names));
    if !it.emails.is_empty() {
        view.insert("emails".to_owned(), json!(it.emails));
    }
    view.insert("date_created".to_owned(), offset_time(order.date_created).into());
    insert_some(&mut view, "date_issued", it.date_issued.map(offset_time));
    insert_some(&mut view, "valid_from", it.valid_from.map(date));
    insert_some(&mut view, "valid_till", it.valid_till.map(date));
    insert_some(&mut view, "days_remaining", it.valid_till.map(|end| days_between(at, end)));
    insert_some(&mut view, "csr", it.csr.as_deref());
    insert_some(&mut view, "organization", order.organization_id.map(|id| json!({"id": id.number()})));
    view.insert("organization_units".to_owned(), json!(it.organization_units));
    let platform = it.server_platform.as_ref().map(|it| json!({"id": it.id, "name": it.name}));
    insert_some(&mut view, "server_platform", platform);
    insert_some(&mut view, "signature_hash", it.signature_hash.as_deref());
    insert_some(&mut view, "key_size", it.key_size);
    insert_some(&mut view, "ca_cert", it.issuer_name().map(|name| json!({"name": name})));
    insert_some(&mut view, "revocation", info.revocation.as_ref().map(revocation));
    Value::Object(view)
}

fn revocation(outcome: &Outcome) -> Value {
    let verdict = &outcome.verdict;
    let (cause, revoked) = match verdict.status {
        Status::Good => (None, None),
        Status::Unknown(cause) => (Some(cause.name()), None),
        Status::Revoked(revocation) => (None, Some(revocation)),
    };
    document(&RevocationView {
        status: verdict.status.name(),
        cause,
        revocation_reason: revoked.map(|it| it.reason.name()),
        revoked_at: revoked.map(|it| offset_time(it.revoked_at)),
        invalidity_date: revoked.and_then(|it| it.invalidity_date).map(offset_time),
        method: verdict.method.name(),
        this_update: verdict.this_update.map(offset_time),
        next_update: verdict.next_update.map(offset_time),
        crl_number: verdict.crl_number.map(|number| number.to_string()),
        generation: verdict.generation,
    })
}

/// A page of orders at some time.
pub(super) fn list(page: &Page, limit: u32, offset: u32, at: UnixTime) -> Value {
    let orders = page.orders.iter().map(|file| listed(file, at));
    json!({"orders": orders.collect::<Vec<_>>(), "page": page_view(page, limit, offset)})
}

fn listed(file: &OrderFile, at: UnixTime) -> Value {
    let OrderFile { order, organization, .. } = file;
    let it = &order.certificate;
    let mut certificate = Map::new();
    certificate.insert("id".to_owned(), it.id.number().into());
    insert_some(&mut certificate, "common_name", it.common_name.as_deref());
    certificate.insert("dns_names".to_owned(), json!(it.dns_names));
    insert_some(&mut certificate, "valid_till", it.valid_till.map(date));
    insert_some(&mut certificate, "days_remaining", it.valid_till.map(|end| days_between(at, end)));
    insert_some(&mut certificate, "signature_hash", it.signature_hash.as_deref());
    let mut view = Map::new();
    view.insert("id".to_owned(), order.id.number().into());
    view.insert("certificate".to_owned(), Value::Object(certificate));
    view.insert("status".to_owned(), order.status_at(at).name().into());
    view.insert("is_renewed".to_owned(), order.is_renewed.into());
    view.insert("date_created".to_owned(), offset_time(order.date_created).into());
    let organization = organization.as_ref().map(|it| json!({"id": it.id.number(), "name": it.name}));
    insert_some(&mut view, "organization", organization);
    insert_some(&mut view, "validity_years", order.validity_years);
    insert_some(&mut view, "container", order.container.as_ref().map(container));
    let product = &order.product;
    let product = json!({"name_id": product.name_id, "name": product.name, "type": product.kind});
    view.insert("product".to_owned(), product);
    Value::Object(view)
}

/// What became of orders.
pub(super) fn changes(page: &Page, limit: u32, offset: u32, at: UnixTime) -> Value {
    let change = |order: &Order| {
        json!({
            "order_id": order.id.number(), "certificate_id": order.certificate.id.number(),
            "status": order.status_at(at).name(),
        })
    };
    let orders = page.orders.iter().map(|file| change(&file.order));
    json!({"orders": orders.collect::<Vec<_>>(), "page": page_view(page, limit, offset)})
}

/// How control over the names of an order stands.
pub(super) fn control(report: &ControlReport) -> Value {
    let status = |approved: bool| if approved { "approved" } else { "pending" };
    let names =
        report.names.iter().map(|(name, approved)| json!({"dns_name": name, "status": status(*approved)}));
    let all = report.names.iter().all(|(_, approved)| *approved);
    json!({
        "order_status": report.status.name(),
        "certificate_id": report.certificate_id.number(),
        "dcv_status": if all { "valid" } else { "pending" },
        "dns_name_validations": names.collect::<Vec<_>>(),
    })
}

/// Whose key it is.
pub(super) fn myself(caller: &Caller) -> Value {
    let User { id, username, first_name, last_name, email, job_title, telephone, role, container: division } =
        &caller.user;
    let mut view = Map::new();
    view.insert("id".to_owned(), id.number().into());
    view.insert("username".to_owned(), username.as_str().into());
    view.insert("first_name".to_owned(), first_name.as_str().into());
    view.insert("last_name".to_owned(), last_name.as_str().into());
    view.insert("email".to_owned(), email.as_str().into());
    insert_some(&mut view, "job_title", job_title.as_deref());
    insert_some(&mut view, "telephone", telephone.as_deref());
    view.insert("status".to_owned(), "active".into());
    insert_some(&mut view, "container", division.as_ref().map(container));
    view.insert("access_roles".to_owned(), json!([role_view(*role)]));
    Value::Object(view)
}

fn role_view(role: Role) -> Value {
    json!({"id": role.number(), "name": role.label()})
}

fn organization_view(it: &Organization) -> Value {
    let mut view = Map::new();
    view.insert("id".to_owned(), it.id.number().into());
    view.insert("name".to_owned(), it.name.as_str().into());
    insert_some(&mut view, "assumed_name", it.assumed_name.as_deref());
    insert_some(&mut view, "city", it.city.as_deref());
    insert_some(&mut view, "state", it.state.as_deref());
    insert_some(&mut view, "country", it.country.as_deref());
    insert_some(&mut view, "telephone", it.telephone.as_deref());
    view.insert("status".to_owned(), it.status.name().into());
    Value::Object(view)
}

fn container(it: &Container) -> Value {
    json!({"id": it.id, "name": it.name})
}

fn page_view(page: &Page, limit: u32, offset: u32) -> Value {
    json!({"total": page.total, "limit": limit, "offset": offset})
}

fn insert_some(view: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        view.insert(name.to_owned(), value.into());
    }
}

fn document(view: &impl Serialize) -> Value {
    // These have string keys only, and nothing else can fail.
    serde_json::to_value(view).unwrap_or_default()
}

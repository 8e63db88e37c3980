//! The descriptions of every field, in every language.
//!
//! The Ukrainian ones are those that clients of the service see, slips included; [`Labels::Corrected`] mends the slips.

use super::language::{Language, Text};

/// How faithful Ukrainian descriptions are to the service that clients know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Labels {
    /// Letter by letter.
    #[default]
    Faithful,
    /// With its slips mended: `ЄДРПОУ` for `ЕДПРОУ`, `Імʼя по батькові` for `Імя по-батькові`, the apostrophe of
    /// Ukrainian for the straight one.
    Corrected,
}

/// A description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Label {
    text: Text,
    /// The Ukrainian text without a slip.
    corrected: Option<&'static str>,
}

impl Label {
    const fn new(uk: &'static str, en: &'static str, ja: &'static str) -> Self {
        Self { text: Text { uk, en, ja }, corrected: None }
    }

    const fn corrected(mut self, text: &'static str) -> Self {
        self.corrected = Some(text);
        self
    }

    pub(super) fn text(&self, language: Language, labels: Labels) -> &'static str {
        match (language, labels, self.corrected) {
            (Language::Ukrainian, Labels::Corrected, Some(corrected)) => corrected,
            _ => self.text.in_language(language),
        }
    }
}

pub(super) const OWNER: Label = Label::new("Власник", "Holder", "所有者");
pub(super) const OWNER_SURNAME: Label = Label::new("Прізвище", "Surname", "姓");
pub(super) const OWNER_GIVEN_NAME: Label =
    Label::new("Імя по-батькові", "Given name and patronymic", "名・父称").corrected("Імʼя по батькові");
pub(super) const FULL_NAME: Label = Label::new("Повне ім'я", "Full name", "氏名").corrected("Повне імʼя");
pub(super) const COUNTRY: Label = Label::new("Країна", "Country", "国");
pub(super) const REGION: Label = Label::new("Область", "Region", "州・地域");
pub(super) const CITY: Label = Label::new("Місто", "City", "市区町村");
pub(super) const ADDRESS: Label = Label::new("Поштова адреса", "Postal address", "住所");
pub(super) const OWNER_SERIAL: Label =
    Label::new("Серійний номер власника", "Serial number of the holder", "所有者のシリアル番号");
pub(super) const OWNER_POSITION: Label = Label::new("Посада", "Position", "役職");

pub(super) const ISSUER: Label = Label::new("Видавець", "Issuer", "発行者");
pub(super) const ORGANIZATION: Label = Label::new("Організація", "Organization", "組織");
pub(super) const DEPARTMENT: Label = Label::new("Підрозділ", "Department", "部署");
pub(super) const ISSUER_SERIAL: Label =
    Label::new("Серійний номер видавця", "Serial number of the issuer", "発行者のシリアル番号");

pub(super) const PUBLIC_KEY_INFO: Label =
    Label::new("Інформація про відкритий ключ", "Public key information", "公開鍵情報");
pub(super) const PUBLIC_KEY: Label = Label::new("Відкритий ключ", "Public key", "公開鍵");
pub(super) const SIGNATURE_ALGORITHM: Label =
    Label::new("Алгоритм ЕП", "Signature algorithm", "電子署名アルゴリズム");

pub(super) const SERIAL: Label =
    Label::new("Серійний номер сертифікату", "Serial number of the certificate", "証明書のシリアル番号");
pub(super) const NOT_BEFORE: Label = Label::new("Початок дії", "Valid from", "有効期間の開始");
pub(super) const NOT_AFTER: Label = Label::new("Закінчення дії", "Valid until", "有効期間の終了");

pub(super) const EXTENSIONS: Label = Label::new("Розширення", "Extensions", "拡張");
pub(super) const PERSONAL_DATA: Label = Label::new("Персональні дані", "Personal data", "個人データ");
pub(super) const CUSTOM_ID: Label =
    Label::new("Зовнішній ідентифікатор", "External identifier", "外部識別子");
pub(super) const PASSPORT: Label = Label::new("Паспортні дані", "Passport", "旅券");
pub(super) const TAXPAYER: Label = Label::new(
    "Реєстраційний номер облікової картки платника податків",
    "Registration number of the taxpayer's card",
    "納税者番号",
);
pub(super) const COMPANY: Label =
    Label::new("Код ЕДПРОУ", "EDRPOU code of the legal person", "法人登録番号(EDRPOU)")
        .corrected("Код ЄДРПОУ");
pub(super) const DEMOGRAPHIC: Label = Label::new(
    "Унікальний номер запису в ЄДДР",
    "Unique record number in the demographic register",
    "統一人口登録簿の記録番号",
);
pub(super) const ALTERNATIVE_NAME: Label =
    Label::new("Альтернативне ім'я власника", "Alternative name of the holder", "所有者の別名")
        .corrected("Альтернативне імʼя власника");
pub(super) const SUBJECT_KEY_ID: Label = Label::new("Ідентифікатор ключа", "Key identifier", "鍵識別子");
pub(super) const SUBJECT_OWNER_ID: Label =
    Label::new("Ідентифікатор власника", "Identifier of the holder", "所有者識別子");
pub(super) const PROFILE: Label =
    Label::new("Профіль сертифіката", "Certificate profile", "証明書プロファイル");
pub(super) const KEY_USAGE: Label = Label::new("Призначення сертифіката", "Key usage", "鍵用途");
pub(super) const TEMPORARY: Label = Label::new("Стартовий", "Starting certificate", "初期証明書");
pub(super) const REINFORCED: Label = Label::new("Посилений", "Reinforced", "強化証明書");
pub(super) const QUALIFIED: Label = Label::new("Кваліфікований", "Qualified", "適格証明書");
pub(super) const ON_QSCD: Label =
    Label::new("Засіб КЕП", "Key on a qualified signature creation device", "適格署名生成装置上の鍵");
pub(super) const QSCD_TYPE: Label =
    Label::new("Тип засобу КЕП", "Type of the signature creation device", "署名生成装置の種類");
pub(super) const STAMP: Label = Label::new("Електронна печатка", "Electronic seal", "電子シール");

pub(super) const REVOCATION: Label = Label::new("Стан відкликання", "Revocation", "失効情報");
pub(super) const STATUS: Label = Label::new("Стан", "Status", "状態");
pub(super) const CAUSE: Label = Label::new("Причина невизначеності", "Why it is unknown", "不明の理由");
pub(super) const REASON: Label = Label::new("Причина відкликання", "Reason of the revocation", "失効理由");
pub(super) const REVOKED_AT: Label = Label::new("Час відкликання", "Revoked at", "失効日時");
pub(super) const METHOD: Label = Label::new("Джерело", "Source", "情報源");
pub(super) const THIS_UPDATE: Label = Label::new("Станом на", "As of", "情報の時点");
pub(super) const NEXT_UPDATE: Label = Label::new("Наступне оновлення", "Next update", "次回更新");

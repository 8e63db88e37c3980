//! What the service says: messages, and causes of failures, in every language.

use super::language::{Language, Text, UnknownLanguage};
use super::protected::ProtectedError;
use crate::service::tickets::{FormatError, Proprietary, TicketError};

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Message {
    TicketCreated,
    TicketDeleted,
    KeyStoreStored,
    LanguageChanged,
    NoTicket,
    NotRunning,
    StorageNotRunning,
    TicketFailed,
    UploadFailed,
    InfoFailed,
    CertificateFailed,
    LanguageFailed,
    SettingsFailed,
}

impl Message {
    pub(super) const fn text(self) -> Text {
        let (uk, en, ja) = match self {
            Self::TicketCreated => ("Створена сесія.", "A session was made.", "セッションを作成しました。"),
            Self::TicketDeleted => {
                ("Видалена сесія.", "The session was deleted.", "セッションを削除しました。")
            }
            Self::KeyStoreStored => (
                "Дані ключового контейнеру успішно завантажені.",
                "The data of the key store was loaded.",
                "鍵ストアのデータを読み込みました。",
            ),
            Self::LanguageChanged => (
                "Запит на зміну поточної мови виконано.",
                "The current language was changed.",
                "現在の言語を変更しました。",
            ),
            Self::NoTicket => ("Сесія відсутня.", "There is no such session.", "セッションがありません。"),
            Self::NotRunning => (
                "Сервіс виконання криптографічних операцій не запущено.",
                "The service of cryptographic operations is not running.",
                "暗号サービスは起動していません。",
            ),
            Self::StorageNotRunning => (
                "Сервіс зберігання даних не запущено.",
                "The data storage service is not running.",
                "データ保管サービスは起動していません。",
            ),
            Self::TicketFailed => (
                "Помилка при створенні сесії.",
                "The session could not be made.",
                "セッションを作成できませんでした。",
            ),
            Self::UploadFailed => (
                "Помилка при завантаженні даних ключового контейнеру.",
                "The data of the key store could not be loaded.",
                "鍵ストアのデータを読み込めませんでした。",
            ),
            Self::InfoFailed => (
                "Помилка при отриманні інформації про сертифікат.",
                "The information about the certificate could not be obtained.",
                "証明書の情報を取得できませんでした。",
            ),
            Self::CertificateFailed => (
                "Помилка при отриманні сертифіката.",
                "The certificate could not be obtained.",
                "証明書を取得できませんでした。",
            ),
            Self::LanguageFailed => (
                "Помилка при зміні поточної мови.",
                "The current language could not be changed.",
                "現在の言語を変更できませんでした。",
            ),
            Self::SettingsFailed => (
                "Помилка при отриманні налаштувань захищених параметрів.",
                "The settings of protected parameters could not be obtained.",
                "保護パラメータの設定を取得できませんでした。",
            ),
        };
        Text { uk, en, ja }
    }
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cause {
    Ticket(TicketError),
    Protected(ProtectedError),
    Language(UnknownLanguage),
    /// The body is not a JSON object of parameters.
    NotParameters(String),
    /// A parameter that has to be there is not.
    Missing(&'static str),
    /// A parameter is no Base64.
    NotBase64(&'static str),
    /// The body is neither of the two kinds.
    ContentType,
    /// The body is larger than parameters can be.
    TooLarge(usize),
    /// The body did not arrive as a whole.
    Broken,
}

impl Cause {
    /// In a language.
    pub(super) fn text(&self, language: Language) -> String {
        match (self, language) {
            // English is the language of the errors themselves.
            (Self::Ticket(error), Language::English) => error.to_string(),
            (Self::Ticket(error), Language::Ukrainian) => ticket_uk(error),
            (Self::Ticket(error), Language::Japanese) => ticket_ja(error),
            (Self::Protected(error), Language::English) => error.to_string(),
            (Self::Protected(error), Language::Ukrainian) => protected_uk(*error),
            (Self::Protected(error), Language::Japanese) => protected_ja(*error),
            (Self::Language(error), Language::English) => error.to_string(),
            (Self::Language(UnknownLanguage(code)), Language::Ukrainian) => {
                format!("Мова \"{code}\" не підтримується; підтримуються uk, en, ja")
            }
            (Self::Language(UnknownLanguage(code)), Language::Japanese) => {
                format!("言語「{code}」には対応していません。uk、en、jaのいずれかを指定してください")
            }
            (Self::NotParameters(reason), Language::English) => {
                format!("the body is not a JSON object of parameters: {reason}")
            }
            (Self::NotParameters(reason), Language::Ukrainian) => {
                format!("Тіло запиту не є JSON обʼєктом параметрів: {reason}")
            }
            (Self::NotParameters(reason), Language::Japanese) => {
                format!("本文がパラメータのJSONオブジェクトではありません: {reason}")
            }
            (Self::Missing(name), Language::English) => format!("the parameter {name} is missing"),
            (Self::Missing(name), Language::Ukrainian) => format!("Відсутній параметр {name}"),
            (Self::Missing(name), Language::Japanese) => format!("パラメータ{name}がありません"),
            (Self::NotBase64(name), Language::English) => format!("the parameter {name} is not Base64"),
            (Self::NotBase64(name), Language::Ukrainian) => {
                format!("Параметр {name} не є рядком Base64")
            }
            (Self::NotBase64(name), Language::Japanese) => format!("パラメータ{name}はBase64ではありません"),
            (Self::ContentType, _) => CONTENT_TYPE.in_language(language).to_owned(),
            (Self::TooLarge(limit), Language::English) => format!("the body has more than {limit} octets"),
            (Self::TooLarge(limit), Language::Ukrainian) => {
                format!("Тіло запиту має більше ніж {limit} октетів")
            }
            (Self::TooLarge(limit), Language::Japanese) => format!("本文が{limit}オクテットを超えています"),
            (Self::Broken, _) => BROKEN.in_language(language).to_owned(),
        }
    }
}

const CONTENT_TYPE: Text = Text {
    uk: "Content-Type має бути application/json або application/octet-stream",
    en: "the Content-Type has to be application/json or application/octet-stream",
    ja: "Content-Typeはapplication/jsonまたはapplication/octet-streamでなければなりません",
};
const BROKEN: Text = Text {
    uk: "Тіло запиту надійшло не повністю",
    en: "the body did not arrive as a whole",
    ja: "本文を最後まで受信できませんでした",
};

fn ticket_uk(error: &TicketError) -> String {
    match error {
        TicketError::NoTicket => "Сесія відсутня".to_owned(),
        TicketError::TooManyTickets { limit } => {
            format!("Вже створено {limit} сесій (max_tickets у [cipher]); видаліть непотрібні")
        }
        TicketError::NoRoom { limit } => {
            format!(
                "Контейнери всіх сесій можуть мати {limit} октетів (max_octets у [cipher]); спробуйте пізніше"
            )
        }
        TicketError::TooLarge { limit } => {
            format!("Контейнер може мати щонайбільше {limit} октетів (max_container у [cipher])")
        }
        TicketError::NoContainer => "Ключовий контейнер сесії не завантажено".to_owned(),
        TicketError::Format(FormatError::Empty) => "Ключовий контейнер порожній".to_owned(),
        TicketError::Format(FormatError::Pem) => {
            "Це PEM; перетворіть його на PKCS#12, наприклад за допомогою openssl pkcs12 -export".to_owned()
        }
        TicketError::Format(FormatError::Proprietary(format)) => {
            format!(
                "{format} є пропрієтарним форматом і не підтримується; експортуйте ключ у PKCS#12 або JKS"
            )
        }
        TicketError::Format(_) => "Це не є ні PKCS#12, ні Java KeyStore".to_owned(),
        TicketError::WrongPassword => "Пароль до ключового контейнера невірний".to_owned(),
        TicketError::TooManyWrongPasswords { limit } => format!(
            "{limit} невірних паролів поспіль (max_wrong_passwords у [cipher]): ключовий контейнер видалено, завантажте його знову"
        ),
        TicketError::Damaged { reason } => format!("Ключовий контейнер пошкоджено: {reason}"),
        TicketError::TooMuchWork { limit } => format!(
            "Ключовий контейнер вимагає більше ніж {limit} ітерацій обчислення ключа (max_iterations у [cipher])"
        ),
        TicketError::Unsupported { reason } => {
            format!("Алгоритм шифрування ключового контейнера не підтримується: {reason}")
        }
        TicketError::Proprietary(format) => proprietary_uk(*format),
        TicketError::KeyType(unknown) => {
            format!("Невідомий тип ключа \"{}\"; допустимі значення: signature, keyAgreement", unknown.0)
        }
        TicketError::Certificate(error) => format!("Сертифікат ключа не вдалося прочитати: {error}"),
        TicketError::Extension(error) => format!("Розширення сертифіката не вдалося прочитати: {error}"),
        TicketError::Stopped => "Сервіс зупиняється".to_owned(),
    }
}

fn proprietary_uk(format: Proprietary) -> String {
    format!("{format} зашифровано алгоритмами, що не підтримуються; експортуйте ключ у PKCS#12 з AES")
}

fn ticket_ja(error: &TicketError) -> String {
    match error {
        TicketError::NoTicket => "セッションがありません".to_owned(),
        TicketError::TooManyTickets { limit } => {
            format!("セッションは{limit}個までです([cipher]のmax_tickets)。不要なものを削除してください")
        }
        TicketError::NoRoom { limit } => {
            format!(
                "全セッションの鍵ストアは合計{limit}オクテットまでです([cipher]のmax_octets)。後でやり直してください"
            )
        }
        TicketError::TooLarge { limit } => {
            format!("鍵ストアは{limit}オクテットまでです([cipher]のmax_container)")
        }
        TicketError::NoContainer => "鍵ストアがアップロードされていません".to_owned(),
        TicketError::Format(FormatError::Empty) => "鍵ストアが空です".to_owned(),
        TicketError::Format(FormatError::Pem) => {
            "PEMです。openssl pkcs12 -exportなどでPKCS#12に変換してください".to_owned()
        }
        TicketError::Format(FormatError::Proprietary(format)) => {
            format!("{format}は独自形式のため対応していません。PKCS#12またはJKSで書き出してください")
        }
        TicketError::Format(_) => "PKCS#12でもJava KeyStoreでもありません".to_owned(),
        TicketError::WrongPassword => "鍵ストアのパスワードが違います".to_owned(),
        TicketError::TooManyWrongPasswords { limit } => format!(
            "パスワードが{limit}回続けて違いました([cipher]のmax_wrong_passwords)。鍵ストアを削除しました。再度アップロードしてください"
        ),
        TicketError::Damaged { reason } => format!("鍵ストアが壊れています: {reason}"),
        TicketError::TooMuchWork { limit } => {
            format!("鍵ストアは{limit}回を超える鍵導出を要求しています([cipher]のmax_iterations)")
        }
        TicketError::Unsupported { reason } => {
            format!("鍵ストアの暗号アルゴリズムには対応していません: {reason}")
        }
        TicketError::Proprietary(format) => {
            format!(
                "{format}は対応していないアルゴリズムで暗号化されています。AESのPKCS#12で書き出してください"
            )
        }
        TicketError::KeyType(unknown) => {
            format!("鍵の種類「{}」は不明です。signatureまたはkeyAgreementを指定してください", unknown.0)
        }
        TicketError::Certificate(error) => format!("鍵の証明書を読み取れません: {error}"),
        TicketError::Extension(error) => format!("証明書の拡張を読み取れません: {error}"),
        TicketError::Stopped => "サーバーを停止しています".to_owned(),
    }
}

fn protected_uk(error: ProtectedError) -> String {
    match error {
        ProtectedError::HalfThere => {
            "Захищені параметри потребують обох членів: secretKey та encryptedData".to_owned()
        }
        ProtectedError::NotBase64(name) => format!("{name} не є рядком Base64"),
        ProtectedError::DoNotOpen => {
            "Захищені параметри не розшифровуються: вони для іншого ключа чи іншої сесії, або пошкоджені"
                .to_owned()
        }
        ProtectedError::NotParameters => "Захищені дані не є JSON обʼєктом параметрів".to_owned(),
        ProtectedError::Library => "Помилка криптографічної бібліотеки".to_owned(),
    }
}

fn protected_ja(error: ProtectedError) -> String {
    match error {
        ProtectedError::HalfThere => "保護パラメータにはsecretKeyとencryptedDataの両方が必要です".to_owned(),
        ProtectedError::NotBase64(name) => format!("{name}はBase64ではありません"),
        ProtectedError::DoNotOpen => {
            "保護パラメータを復号できません。別の鍵または別のセッション用か、壊れています".to_owned()
        }
        ProtectedError::NotParameters => "保護データがパラメータのJSONオブジェクトではありません".to_owned(),
        ProtectedError::Library => "暗号ライブラリのエラーです".to_owned(),
    }
}

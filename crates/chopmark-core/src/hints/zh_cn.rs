//! 简体中文文案：先说发生了什么、为什么，再说现在该做什么；不责怪用户。

mod acme;
mod validation;

use super::{System, Words};
use crate::error::Code;

pub(super) mod findings;
mod letters;

const fn words_of(message: &'static str, hints: &'static [&'static str]) -> Words {
    Words { message, hints }
}

/// Words for a code; `kind` is the fact `reason` or, for a question nobody may be asked, `what`.
pub(super) fn words(code: Code, kind: &str, system: System) -> Words {
    match code {
        Code::Internal => words_of(
            "Chopmark 内部出错，这是程序自身的问题。",
            &["请重试一次。", "如果仍然出现，请把错误信息复制给技术支持。"],
        ),
        Code::Journal => words_of(
            "本机的任务记录无法读写，因此没有开始任何操作。",
            &["请检查磁盘是否已满，以及您对 Chopmark 的数据目录是否有写权限。", "请关闭其他 Chopmark 窗口后重试。"],
        ),
        Code::BadInput => validation::bad_input(kind).unwrap_or_else(|| bad_input(kind, system)),
        Code::NobodyToAsk => nobody_to_ask(kind),
        Code::NoSuchProfile => words_of(
            "本机没有找到该 CA 的配置[（{ca}）]。",
            &["用“chopmark ca list”查看已有的 CA。", "请导入 CA 提供的配置文件，或点击 CA 邮件中的链接。"],
        ),
        Code::BadProfile => words_of(
            "CA 配置[“{ca}”]无法使用：文件不存在，或不是 CA 配置文件。",
            &["请向 CA 或管理员重新索取配置文件。", "具体是哪一行有问题，可查看详情。"],
        ),
        Code::CertificateNotFound => words_of(
            "没有找到该证书[（{certificate}）]。",
            &["请插入存放该证书的 USB Key。", "也可以先列出全部证书，再用 SHA-256 指纹的前几位指定。"],
        ),
        Code::JobNotFound => {
            words_of("本机没有这个任务[（{job}）]。", &["请在活动列表中查看现有任务；任务只属于当前用户和这台电脑。"])
        }
        Code::BadLink => words_of(
            "Chopmark 无法识别这个链接。",
            &["请重新打开 CA 邮件中的完整链接。", "也可以手动输入邮件中的参考号和授权码。"],
        ),
        Code::JobBusy => words_of("另一个窗口或命令正在处理这个任务[（{job}）]。", &["请等它完成，或在那边停止它。"]),
        Code::JobFinished => {
            words_of("这个任务[（{job}）]已经结束，无需再处理。", &["如果当时办理成功，新证书就在您的证书列表里。"])
        }
        Code::HasCertificate => words_of(
            "CA 已为这个任务[（{job}）]签发证书，因此不能放弃。",
            &["请继续这个任务：它会安装证书、验证可用，并告知 CA。"],
        ),
        Code::CaOfCertificateUnknown => words_of(
            "这里没有记录该证书[（{certificate}）]由哪个 CA 签发。",
            &["请指定要联系的 CA（--ca 名称）。", "如果列表中没有这个 CA，请先添加。"],
        ),
        Code::NoKeyForCertificate => words_of(
            "找到了证书[（{certificate}）]，但没有找到它的密钥；没有密钥，无法向 CA 证明身份。",
            &["请插入存有该密钥的 USB Key，然后重试。", "如果密钥已丢失，请向 CA 索取参考号和授权码，用它们代替密钥。"],
        ),
        Code::CodeLooksWrong => words_of(
            match kind {
                "reference-number" => "参考号看起来有误[（第 {positions} 个字符）]，尚未发送任何内容。",
                _ => "授权码看起来有误[（第 {positions} 个字符）]，尚未发送任何内容。",
            },
            &[
                "请与 CA 邮件核对：留意空格、长横线、全角字符、形似的外文字母，以及 0 和 O、1 和 l。",
                "如果确实就是这样，请在询问时确认，命令行请加“--code-as-is”。",
            ],
        ),
        Code::LabelNotTyped => words_of(
            "输入的不是 USB Key[“{token}”]的名称，没有做任何更改。",
            &["请照显示的名称原样输入，多花这一点时间正是为了防止误删。", "命令行请用 --confirm-label。"],
        ),
        Code::KeyOfOpenJob => words_of(
            "USB Key[“{token}”]上有未完成任务[（{job}）]的密钥，删除后证书就无法取得。",
            &["请先在“活动”中完成或放弃该任务。"],
        ),
        Code::KeyCannotLeave => words_of(
            "该证书的私钥无法从所在位置[（{place}）]取出，只能导出证书本身。",
            &[
                "请只导出证书（使用“--format pem”，不加“--with-key”）。",
                "如需在别处使用，请把 USB Key 带去使用，或为那里另行申请一张证书。",
            ],
        ),
        Code::FileOfOpenJob => words_of(
            "该文件[（{path}）]属于未完成的任务[（{job}）]，删除后证书就无法取得。",
            &["请先在“活动”中完成或放弃该任务。"],
        ),
        Code::ObjectNotFound => words_of(
            "USB Key[“{token}”]上没有该名称的内容[（{object}）]。",
            &["请先列出其中的内容（“chopmark token objects”），从中复制名称。", "密钥要输入 PIN 后才会显示。"],
        ),
        Code::Cancelled => words_of("已取消。[任务（{job}）及其密钥已保留：可以继续办理，也可以放弃。]", &[]),
        Code::ChangesDeclined => words_of(
            "您没有接受 CA 所做的更改，新证书已退回。",
            &["请与 CA 确认证书上应写的名称，再索取新的参考号和授权码。"],
        ),

        Code::NoDriver => words_of("这台电脑上没有安装 USB Key 的驱动。", install_driver(system)),
        Code::DriverNotFound => {
            words_of("找不到驱动文件[：{driver}]。", &["请检查路径是否写对。", "如果驱动被卸载或升级过，请重新安装。"])
        }
        Code::DriverWrongArchitecture => words_of(
            "驱动与这台电脑的处理器类型不符[：驱动是 {is}][，本机需要 {needs}]。",
            match system {
                System::Windows => &["请安装适用于本机处理器（x64 或 ARM64）的驱动包。"],
                System::MacOs => {
                    &["请安装厂商最新的驱动（Apple 芯片版或通用版）。", "如果只有 Intel 版，请先安装 Rosetta 再试。"]
                }
                System::Linux => &["请安装适用于本机处理器的驱动包。"],
            },
        ),
        Code::DriverWrongBits => words_of(
            "驱动的位数不对[：驱动是 {is}][，Chopmark 需要 {needs}]。",
            match system {
                System::Windows => &[
                    "如果 64 位驱动也已安装，请改选它的 DLL：64 位的在 System32，32 位的在 SysWOW64。",
                    "如果没有，请安装同一驱动的 64 位版本。",
                ],
                _ => &["请安装同一驱动的 64 位版本，然后重试。"],
            },
        ),
        Code::DriverUnreadable => words_of(
            "驱动文件[ {driver} ]存在，但当前用户无权读取。",
            match system {
                System::Windows => &["请以管理员身份为所有用户重新安装驱动。"],
                _ => &[
                    "请开放读取权限（对文件执行“chmod a+r”，对所在目录执行“chmod a+x”），或请管理员处理。",
                    "也可以重新安装驱动包。",
                ],
            },
        ),
        Code::NotADriver => words_of(
            "这个文件不是 USB Key 驱动（PKCS#11）[：{driver}]。",
            &["请选择厂商的 PKCS#11 库；一个安装包里往往有好几个库文件。", "也可以不指定驱动，由 Chopmark 自动查找。"],
        ),
        Code::DriverNotLoadable => words_of(
            "驱动[ {driver} ]已安装，但无法加载。",
            if system == System::Windows {
                &[
                    "请用驱动自带的安装程序重新安装；它可能需要 Visual C++ 运行库。",
                    "如果是刚刚安装的，请重启 Windows。",
                ]
            } else if system == System::MacOs {
                &["请在“系统设置 › 隐私与安全性”中查看 macOS 是否拦截了它。", "请用驱动自带的安装程序重新安装。"]
            } else {
                &[
                    "请重新安装驱动包；可能缺少它依赖的库（可用“ldd”查看）。",
                    "请确认智能卡服务（pcscd）已安装并正在运行。",
                ]
            },
        ),
        Code::DriverCrashed => words_of(
            "驱动[ {driver} ]崩溃了[（正在执行“{verb}”）]，Chopmark 本身不受影响。",
            &[
                "请拔下 USB Key，重新插入后再试。",
                "请安装厂商最新的驱动。",
                "如果装有多个驱动，请选择与这个 USB Key 配套的那一个。",
            ],
        ),
        Code::DriverExited => words_of(
            "驱动[ {driver} ]自行退出了[（正在执行“{verb}”）]。",
            &["请重试一次。", "如果再次出现，请安装厂商最新的驱动。"],
        ),
        Code::DriverClosedChannel => words_of(
            "驱动[ {driver} ]中断了与 Chopmark 的通信[（正在执行“{verb}”）]。",
            &["请重试一次。", "如果再次出现，请安装厂商最新的驱动。"],
        ),
        Code::DriverHangs => words_of(
            "驱动[ {driver} ][在 {seconds} 秒内]没有响应，已将其停止。",
            if system == System::Linux {
                &[
                    "请看看是否有窗口或指示灯在等您操作：有的 USB Key 需要按键确认，或弹出自己的 PIN 窗口。",
                    "请拔下 USB Key，关闭其他正在使用它的程序，重新插入后再试。",
                    "请重启智能卡服务（pcscd）。",
                ]
            } else {
                &[
                    "请看看是否有窗口或指示灯在等您操作：有的 USB Key 需要按键确认，或弹出自己的 PIN 窗口。",
                    "请拔下 USB Key，关闭其他正在使用它的程序，重新插入后再试。",
                    "如果一直如此，请重启电脑。",
                ]
            },
        ),
        Code::DriverFault => words_of(
            "驱动[ {driver} ]报错，但没有给出原因[（{rv}）]。",
            &[
                "请拔下 USB Key，重新插入后再试。",
                "请确认用的是这个 USB Key 的专用驱动；通用驱动往往只能读取，不能生成密钥。",
                "请安装厂商最新的驱动。",
            ],
        ),
        Code::HelperBroken => words_of(
            "Chopmark 的驱动辅助程序缺失，或版本不一致[：{program}]。",
            &["请重新完整安装 Chopmark。", "如果被杀毒软件隔离，请将其恢复并加入信任。"],
        ),

        Code::TokenNotFound => words_of(
            "没有找到 USB Key[“{token}”]，或驱动识别不到它。",
            if system == System::Windows {
                &[
                    "请插入 USB Key；如果接在集线器上，请直接插到电脑上。",
                    "请选择与它配套的驱动：驱动不对就什么也看不到。",
                    "使用远程桌面时，USB Key 要插在您面前的电脑上，并开启智能卡重定向。",
                ]
            } else if system == System::MacOs {
                &[
                    "请插入 USB Key；如果接在集线器上，请直接插到电脑上。",
                    "请选择与它配套的驱动：驱动不对就什么也看不到。",
                    "请拔下十秒后重新插入。",
                ]
            } else {
                &[
                    "请插入 USB Key；如果接在集线器上，请直接插到电脑上。",
                    "请选择与它配套的驱动：驱动不对就什么也看不到。",
                    "请确认智能卡服务（pcscd）正在运行。",
                ]
            },
        ),
        Code::TokenAmbiguous => words_of(
            "有多个 USB Key 符合条件[（{token}）][：{seen}]。",
            &["请拔下不用的 USB Key。", "也可以用序列号指定。"],
        ),
        Code::PinWrong => words_of(
            "USB Key[“{token}”]不接受该 PIN。[{state}][还剩 {tries} 次机会。]",
            &[
                "请慢慢重新输入 PIN，并留意大写锁定和数字小键盘。",
                "有的 USB Key 有多个 PIN，这里要用的是用户 PIN（用户口令）。",
                "如果不确定，请先停下来，询问发放 USB Key 的单位。",
            ],
        ),
        Code::PinLocked => words_of(
            "USB Key[“{token}”]的 PIN 因多次输错已被锁定。",
            &[
                "请在“USB Key”页面用管理员 PIN（SO PIN、PUK）解锁，或使用“chopmark token unblock”。",
                "也可以联系发放 USB Key 的单位。",
            ],
        ),
        Code::PinExpired => words_of(
            "USB Key[“{token}”]要求先修改 PIN 才能使用。",
            &["请在“USB Key”页面修改 PIN（“chopmark token change-pin”），然后重试。"],
        ),
        Code::PinNotSet => words_of(
            "USB Key[“{token}”]还没有设置 PIN。",
            &["请在“USB Key”页面设置（“chopmark token set-pin”），需要管理员 PIN。", "也可以请管理员设置。"],
        ),
        Code::PinLength => words_of(
            "PIN 的长度不符合 USB Key[“{token}”]的要求，多数 USB Key 不会把这次算作输错。",
            &["请重新输入完整的 PIN，不要带空格。"],
        ),
        Code::TokenNotInitialized => words_of(
            "USB Key[“{token}”]是空白的，还没有初始化。",
            &["请在“USB Key”页面初始化（“chopmark token init”），或请管理员处理。"],
        ),
        Code::SoPinWrong => words_of(
            "USB Key[“{token}”]不接受该管理员 PIN（SO PIN、PUK）。[{state}]",
            &["请查找初始化时的记录，它不是您自己的 PIN。", "请不要猜测：一旦锁定，这个 USB Key 就再也无法解锁。"],
        ),
        Code::NewPinRefused => words_of(
            "USB Key[“{token}”]不接受这个新 PIN。[长度应为 {min} 到 {max} 个字符。]",
            &["请换一个长度合适的 PIN；有的 USB Key 只接受数字，或不接受过于简单的组合。", "原来的 PIN 仍然有效。"],
        ),
        Code::PinUnchanged => words_of("新 PIN 与原 PIN 相同，没有做任何更改。", &["请换一个 PIN。"]),
        Code::TokenFull => words_of(
            "USB Key[“{token}”]空间已满，放不下新的密钥或证书。[已占用：{seen}。]",
            &[
                "请在“USB Key”页面（“chopmark token orphans”）找出并删除不再需要的内容。",
                "旧的加密邮件或文件还要用到的密钥请保留。",
                "也可以换一个 USB Key。",
            ],
        ),
        Code::TokenWriteProtected => words_of(
            "USB Key[“{token}”]不能写入，或当前驱动只有读取能力。",
            &["请改用厂商的专用驱动。", "也可以换一个 USB Key。"],
        ),
        Code::TokenRemoved => words_of(
            "操作过程中 USB Key[“{token}”]被拔出。",
            &["请重新插紧，不要接在集线器上。", "如果活动列表里有这个任务，请继续办理；没有的话请重新开始。"],
        ),
        Code::KeyKindUnsupported => words_of(
            "USB Key[“{token}”]不支持生成这种密钥[（{key}）]。",
            &["请换一种密钥类型，RSA 2048 几乎都支持。", "请确认用的是厂商的专用驱动，通用驱动支持的较少。"],
        ),
        Code::TemplateRefused => words_of(
            "USB Key[“{token}”]拒绝按安全要求的属性生成密钥。",
            &["请换一种密钥类型，RSA 2048 几乎都支持。", "请安装厂商最新的驱动。"],
        ),
        Code::KeyImportRefused => words_of(
            "USB Key[“{token}”]不接受在别处生成的密钥，而这次的密钥由 CA 生成。",
            &[
                "请重新办理，让 USB Key 自己生成密钥，这样也更安全。",
                "也可以把这张证书放到文件里。",
                "参考号和授权码可能已用掉，届时请向 CA 索取新的。",
            ],
        ),
        Code::KeyCannotOpen => words_of(
            "CA 生成了密钥，并用 USB Key 上的密钥加密后发来，而该密钥只能签名，不能解密。",
            &["请重新办理，让 USB Key 自己生成密钥。", "也可以向 CA 索取参考号和授权码，用它们办理。"],
        ),
        Code::KeyNotFound => words_of(
            "为这个任务生成的密钥已不在 USB Key[“{token}”]上。",
            &["请插入开始办理时用的那个 USB Key。", "如果密钥已被删除，请向 CA 索取新的参考号和授权码，重新办理。"],
        ),

        Code::OfficerRequired => words_of(
            "USB Key[“{token}”]只允许管理员进行此操作。",
            &["请用厂商工具以管理员 PIN 操作（PIV 类 USB Key 用管理密钥）。", "或者请联系发放 USB Key 的人员。"],
        ),
        Code::NotDeleted => words_of(
            "此卡[“{token}”]无法删除该内容[：{object}]。",
            &[
                "这类卡（OpenPGP）会一直保留密钥，直到被新密钥替换，或用其自带工具重置。",
                "没有证书时，留在卡内的密钥并无害处。",
            ],
        ),
        Code::TokenBusy => words_of(
            "另一个程序正在使用 USB Key[“{token}”]。",
            &["请关闭浏览器、邮件程序和厂商的管理工具，然后重试。", "也可以拔下 USB Key 再重新插入。"],
        ),
        Code::CaRefused => words_of(
            "CA 拒绝了这次申请[（{failInfo}）]。[CA 的说明：“{text}”。]",
            &["请向 CA 询问原因；可以提供参考号，但不要透露授权码。"],
        ),
        Code::CodesWrong => words_of(
            match kind {
                "" => "CA 不接受这组参考号和授权码。",
                "0" => "CA 不接受这组参考号和授权码。CA 表示已没有剩余次数，这组码已锁定。",
                "1" => "CA 不接受这组参考号和授权码。CA 表示只剩 1 次机会。",
                _ => "CA 不接受这组参考号和授权码。CA 表示还剩 {triesLeft} 次机会。",
            },
            &[
                "请与 CA 邮件逐字核对：0 和 O、1 和 l 容易混淆。",
                "请确认选择的 CA 没有错。",
                "如果都没有错，请向 CA 索取新的参考号和授权码。",
            ],
        ),
        Code::CodesSpent => words_of(
            "这组参考号和授权码已不能使用：已用过、已过期，或 CA 没有登记。[CA 的说明：“{text}”。]",
            &["授权码只能用一次，请先看看证书是否已经办好。", "请向 CA 索取新的参考号和授权码。"],
        ),
        Code::RequestNotAllowed => words_of(
            "CA 不签发所申请的内容。[CA 的说明：“{text}”。]",
            &["名称和密钥类型请留空，由 CA 决定。", "请向 CA 了解这组参考号允许申请什么。"],
        ),
        Code::CaTrouble => words_of(
            "CA 自身出现了故障。[CA 的说明：“{text}”。]",
            &["请稍后用同一组参考号和授权码重试。", "如果一直如此，请告知 CA。"],
        ),
        Code::AlgorithmRefused => words_of(
            "CA 不接受这种密钥或签名算法。[CA 的说明：“{text}”。]",
            &["请换一种密钥类型，RSA 2048 几乎都支持。", "请向 CA 了解支持哪些类型。"],
        ),
        Code::ClockRefused => words_of("CA 认为这台电脑的时间不对。", set_clock(system)),
        Code::TransactionRefused => words_of(
            "CA 不再处理这个任务：它已没有记录，或在那边已经结束。",
            &["请先看看证书是否已经办好。", "如果没有，请向 CA 索取新的参考号和授权码，重新办理。"],
        ),

        Code::SignatureRefused => words_of(
            "CA 不接受为申请签名的证书。[CA 的说明：“{text}”。]",
            &[
                "请检查该证书是否已过期或已被吊销；如果是，需要像首次办理一样向 CA 索取新的参考号和授权码。",
                "请确认联系的是签发该证书的 CA，只有它能续期或吊销。",
            ],
        ),
        Code::AlreadyRevoked => words_of(
            "该证书已经被吊销。[CA 的说明：“{text}”。]",
            &["无需再做什么。如需新证书，请向 CA 索取参考号和授权码。"],
        ),

        Code::ProtectionRefused => words_of(
            "CA 不接受用授权码保护请求的方式[（{protection}）]。[CA 的说明：“{text}”。]",
            &[
                "请重试，并在询问时同意改用另一种方式，命令行请加“--fallback-protection”。",
                "请向 CA 了解它接受哪种方式，并在其配置的“cmp”部分设置“protection”：pbm-sha256、pbm-sha512、pbm-sha1 或 pbmac1-sha256。",
                "密钥已保留，任务可以继续。",
            ],
        ),
        Code::StillWaiting => words_of(
            "CA 还没有审批完成。[它要求 {retryAfter} 秒后再查询。]已完成的步骤都会保留。",
            &["请稍后继续这个任务；办完之前请保留 CA 邮件中的参考号和授权码。", "如果审批时间过长，请询问 CA。"],
        ),

        Code::CaNameUnknown => words_of("找不到 CA 的地址[ {host}]。", no_network()),
        Code::CaNoConnection => words_of("无法连接到 CA[（{host}）]。", no_network()),
        Code::CaTls => words_of(
            "与 CA[（{host}）]的安全连接不可信，因此没有发送任何内容。",
            &[
                "请检查这台电脑的日期和时间。",
                "如果在公司网络中，代理可能替换了证书，请咨询管理员。",
                "如果 CA 配置文件较旧，请重新获取。",
            ],
        ),
        Code::CaHttpStatus => words_of(
            "CA 服务器返回了错误[（HTTP {status}）]。",
            &["请检查配置中的 CA 地址。", "请稍后重试；如果一直如此，请告知 CA。"],
        ),
        Code::CaNotCmp => words_of(
            "CA 的地址有响应，但不是证书服务[（返回的是 {contentType}）]。",
            &["请检查配置中的 CA 地址。", "如果网络需要网页登录（酒店、访客网络），请先打开网页登录。"],
        ),
        Code::CaAnswerTooLarge => words_of(
            "CA 返回的数据远大于正常的证书，因此没有读取。",
            &["请检查配置中的 CA 地址。", "如果地址没有错，请告知 CA。"],
        ),
        Code::CaAnswerEmpty => words_of(
            "CA 服务器返回了空的内容。",
            &["请检查配置中的 CA 地址。", "请稍后重试；如果一直如此，请告知 CA。"],
        ),
        Code::CaAnswerGarbled => words_of(
            "CA 返回的数据无法解析。",
            &["请重试一次。", "如果再次出现，请把错误信息复制给技术支持，CA 可能也需要查看。"],
        ),
        Code::CaAnswerBer => words_of(
            "CA 返回的数据使用了协议不允许的编码（BER 而不是 DER），因此没有读取。",
            &["请把错误信息复制给技术支持，需要 CA 方面改正。"],
        ),
        Code::CaRedirects => words_of(
            "CA 服务器要求转到别的地址[：{location}]。为安全起见，没有跟随。",
            &["请向 CA 询问现在的地址，或重新获取配置文件。"],
        ),
        Code::CaTimeout => words_of(
            "CA[（{host}）]没有在规定时间内响应。",
            &["请重试；已经发出的申请会留在活动列表中，可以继续。", "请检查网络和代理设置。"],
        ),
        Code::ProxyWantsPassword => words_of(
            "代理[（{host}）]需要正确的用户名和口令才允许通过。",
            &[
                "请在地址中写明用户名：“--proxy http://用户名@主机:端口”；口令会另行询问，或由 --proxy-password-file 指定的文件提供。",
                "请与管理员核对用户名和口令。",
            ],
        ),
        Code::ProxyNoConnection => words_of(
            "无法连接到代理[（{host}）]。",
            &["请检查代理的地址和端口。", "如果不在公司网络中，请去掉 --proxy。"],
        ),
        Code::CaWantsCertificate => words_of(
            "CA 的服务器[（{host}）]只接受出示证书的连接，而当前没有指定证书。",
            &[
                "请指定 CA 为此提供的 PKCS#12 文件：写在配置文件的“tlsCertificate”中，或使用 --tls-certificate。",
                "请询问 CA 是否有不需要证书的地址。",
            ],
        ),
        Code::CaRefusesCertificate => words_of(
            "CA 的服务器[（{host}）]不接受所出示的证书[：{path}]。",
            &["请检查文件是否正确，其中的证书是否已过期或被吊销。", "请询问 CA 需要哪一张证书。"],
        ),

        Code::AnswerProtection if kind == "signer" => words_of(
            "CA 应答的签名者无权代表这家 CA，因此没有采用[：{found}]。",
            &[
                "CA 的根证书可能已更换，请重新获取配置文件。",
                "如果仍然如此，请把错误信息复制给技术支持：可在配置文件中写明代表 CA 签名的证书。",
            ],
        ),
        Code::AnswerProtection => words_of(
            "CA 的应答与您的授权码不符：可能是授权码输错，也可能应答不是来自 CA。",
            &["请与 CA 邮件逐字核对授权码。", "如果授权码没有错，请不要继续，并告知 CA。"],
        ),
        Code::AnswerUnprotected => words_of(
            "CA 的应答没有保护，无法确认来源，因此没有采用。[其中写道：“{text}”。]",
            &["请确认参考号、授权码和所选的 CA 都没有错。", "如果都没有错，请告知 CA。"],
        ),
        Code::AnswerMismatch => words_of(
            "收到的应答不属于这次申请[（{check}）]，因此没有采用。",
            &["请重试，或继续这个任务。", "如果再次出现，请告知 CA：连接可能被人动了手脚。"],
        ),
        Code::AnswerTime => words_of(
            match kind {
                "ahead" => "这台电脑的时间比 CA 快 {seconds} 秒。",
                "behind" => "这台电脑的时间比 CA 慢 {seconds} 秒。",
                _ => "CA 应答的时间与这台电脑相差太大[（{seconds} 秒）]。",
            },
            set_clock(system),
        ),
        Code::ChainUntrusted if kind == "no-roots" => words_of(
            "CA[“{ca}”]的配置中没有根证书，无法验证它发来的任何内容。",
            &["请向 CA 或管理员获取完整的配置文件，重新添加。"],
        ),
        Code::ChainUntrusted => words_of(
            "新证书不能追溯到 CA 配置中信任的根证书[：{reason}]。",
            &["CA 的根证书可能已更换，请重新获取配置文件。", "如果仍然如此，请告知 CA；该证书没有安装。"],
        ),
        Code::CertificateForOtherKey => {
            words_of("CA 发来的证书对应的是另一个密钥，因此没有安装。", &["请告知 CA：申请可能与别人的混在了一起。"])
        }
        Code::DeliveredKeyClosed => words_of(
            "CA 生成的密钥无法打开，因此什么都没有安装[（{found}）]。",
            &["如果 CA 允许，请改由本机或 USB Key 生成密钥。", "否则请把错误信息复制给技术支持，CA 可能也需要查看。"],
        ),
        Code::DeliveredKeySigner => words_of(
            "随证书发来的密钥，其生成者无权为这家 CA 生成密钥，因此什么都没有安装。",
            &["请不要使用这个密钥。", "请告知 CA，并把错误信息复制给技术支持。"],
        ),
        Code::DeliveredKeyForeign => {
            words_of("随证书发来的密钥与证书不匹配，因此什么都没有安装。", &["请告知 CA：密钥可能与别人的混在了一起。"])
        }
        Code::CaRevoked => words_of(
            "CA 的一张证书已被吊销[：{subject}]，由它担保的内容没有采用。",
            &["请不要继续。", "请告知 CA，并把错误信息复制给技术支持。"],
        ),
        Code::RevocationUnknown => words_of(
            "无法确认 CA 的证书[ {subject} ]是否仍然有效[：{found}]。",
            &[
                "请检查网络：必须能访问 CA 的吊销列表或 OCSP 服务器，然后继续这个任务。",
                "如果再次出现，请把错误信息复制给技术支持。",
            ],
        ),
        Code::AnswerUnexpected => words_of(
            "CA 的应答类型与当前步骤不符[（{found}）]。",
            &["请重试一次。", "如果再次出现，请把错误信息复制给技术支持，CA 可能也需要查看。"],
        ),
        Code::ProofFailed => words_of(
            "证书已安装，但用它的密钥试签后验证不通过，因此没有向 CA 确认。",
            &[
                "请拔下 USB Key，重新插入后继续这个任务。",
                "请安装厂商最新的驱动。",
                "如果仍然如此，请把错误信息复制给技术支持。",
            ],
        ),
        Code::ErrorUnprotected => words_of(
            "收到一条没有保护的错误应答，无法确认来源。[其中写道：“{text}”。]",
            &[
                "最常见的原因是参考号或授权码输错，请逐字核对。",
                "请确认选择的 CA 没有错。",
                "密钥已保留，任务可以继续。",
            ],
        ),

        Code::FileExists => words_of("已有同名文件[：{path}]，没有改动它。", &["请换一个文件名，或先移走原来的文件。"]),
        Code::FileNotWritable => words_of(
            "文件无法写入[：{path}]。",
            &["请检查文件夹是否存在，以及您是否有写权限。", "请检查磁盘是否已满。"],
        ),
        Code::FilePasswordWrong => words_of(
            "口令不正确，无法打开文件[ {path}]。",
            &["请重新输入，并留意大写锁定。", "这里要用的是生成该文件时设置的口令，不是授权码。"],
        ),
        Code::StorePasswordWrong => words_of(
            "口令不正确，无法打开证书库[“{store}”]。",
            &["请重新输入，并留意大写锁定。输错不会锁定。", "Firefox 称之为“主密码”：设置 › 隐私与安全。"],
        ),
        Code::StoreUnavailable => words_of(
            "系统中没有安装 NSS 库，无法打开证书库[“{store}”]。",
            &[
                "请安装它，Debian、Ubuntu 用“apt install libnss3”；Fedora 用“dnf install nss-softokn”。",
                "也可以改用 USB Key 或文件。",
            ],
        ),
        Code::StoreNotFound => words_of(
            "指定的位置[（{path}）]没有浏览器的证书库。",
            &["用“chopmark stores”列出现有的证书库。", "先启动一次浏览器，它会建立自己的证书库。"],
        ),
        Code::BrowserListUnreadable => words_of(
            "无法修改浏览器的驱动列表[：{path}]。",
            &["请检查是否有读写该文件的权限。", "请关闭浏览器后再试。"],
        ),
        Code::DriverHiddenFromBrowser => words_of(
            "浏览器[ {browser} ]在沙盒中运行，看不到驱动文件[ {driver}]。",
            &["请改用发行版软件包或官网提供的浏览器。", "也可以把证书直接放进这个浏览器自己的证书库。"],
        ),
        Code::FileNotReadable => {
            words_of("文件无法读取[：{path}]。", &["请检查文件是否存在、是否有读权限，以及类型是否正确。"])
        }
        Code::KeptKeyUnreadable => words_of(
            "为这个任务保存的密钥无法读取[：{path}]。",
            &[
                "请用开始办理时的同一用户、在同一台电脑上继续。",
                "如果文件已丢失，请向 CA 索取新的参考号和授权码，重新办理。",
            ],
        ),

        Code::Unconfirmed => words_of(
            "证书已安装并可以使用，但还没有通知到 CA。",
            &["请尽快继续这个任务：有的 CA 会吊销未确认的证书。", "请先检查网络。"],
        ),
        code if validation::is_about(code) => validation::words(code, kind),
        code => findings::words(code, system),
    }
}

fn install_driver(system: System) -> &'static [&'static str] {
    if system == System::Windows {
        &[
            "请安装 USB Key 的驱动：许多 USB Key 插入后会出现一个小光盘，驱动就在里面。",
            "也可以从 CA 或 USB Key 厂商的网站下载，安装后重试。",
        ]
    } else if system == System::MacOs {
        &["请从 CA 或 USB Key 厂商的网站下载 macOS 驱动，安装后重试。"]
    } else {
        &[
            "请从 CA 或 USB Key 厂商的网站下载 Linux 驱动。",
            "常见的智能卡可安装“opensc”和“pcscd”软件包。",
            "如果驱动不在常用位置，请指定它的文件（module-path）。",
        ]
    }
}

fn set_clock(system: System) -> &'static [&'static str] {
    if system == System::Windows {
        &["请校准时间：设置 › 时间和语言 › 日期和时间 › 立即同步。", "校准后重试，并检查时区。"]
    } else if system == System::MacOs {
        &["请校准时间：系统设置 › 通用 › 日期与时间 › 自动设置。", "校准后重试，并检查时区。"]
    } else {
        &["请校准时间（使用 systemd 的系统可执行“timedatectl set-ntp true”），并检查时区。", "校准后重试。"]
    }
}

fn no_network() -> &'static [&'static str] {
    &[
        "请检查这台电脑是否联网；如果 CA 需要 VPN，请先连接。",
        "公司网络可能需要代理，请咨询管理员。",
        "请检查配置中的 CA 地址。",
    ]
}

const PLACE_FORMS: &str =
    "USB Key 写作“pkcs11:token=名称”，文件写作“file:路径.p12”或“file:路径.pem”，本机证书库写作“computer”。";
const ONE_LINE: &str = "文件中只写这一行内容，不要有别的。";

fn bad_input(reason: &str, system: System) -> Words {
    match reason {
        "key-by-ca-p10cr" => words_of(
            "向这家 CA 提交的是 PKCS#10 申请，无法要求由 CA 生成密钥。",
            &["请去掉 --key-by-ca，由本机生成密钥。", "也可以在 CA 的配置文件中改用其他申请方式（ir 或 cr）。"],
        ),
        "place-empty" => words_of("没有写明密钥和证书的存放位置。", &[PLACE_FORMS]),
        "import-to-file" => words_of(
            "导入的目标不能是文件。",
            &[
                "请指定 USB Key（“pkcs11:token=名称”）或“computer”。",
                "如需更换文件格式或口令，请使用“chopmark export”。",
            ],
        ),
        "import-there" => words_of("该证书及其私钥已在此处。", &["无需再做任何操作，可用“chopmark certs”查看。"]),
        "place-computer" => words_of(
            "在这个系统上不能存放到本机的证书库。",
            &["请使用 USB Key（“pkcs11:token=名称”）或文件（“file:路径.p12”或“file:路径.pem”）。"],
        ),
        "place-store" => {
            words_of("这个系统只有一个证书库，不能另外指定文件夹。", &["请只写“computer”，不要写“store”。"])
        }
        "place-unknown" => {
            words_of("无法识别这个存放位置。", &[PLACE_FORMS, "“chopmark tokens”会列出已插入的 USB Key，可直接复制。"])
        }
        "place-too-long" => words_of("存放位置过长，不可能是真实的位置。", &[PLACE_FORMS]),
        "path-empty" => words_of("存放位置里没有文件名。", &["请写出文件的完整路径和文件名。"]),
        "path-not-text" => words_of("路径过长，或含有不应出现的字符。", &["请换一个文件名。"]),
        "file-host" => {
            words_of("文件地址指向另一台电脑，而文件只能写在本机。", &["请写成“file:”加路径，不要带主机名。"])
        }
        "pin-value" => words_of(
            "存放位置里不能直接写 PIN（pin-value）：命令行上的内容会被其他程序看到。",
            &[
                "请把它去掉；如果这行命令已保存或发给别人，请修改 PIN。",
                "可以改为指定存有 PIN 的文件（pin-source 或 --pin-file）。",
            ],
        ),
        "slot" => words_of(
            "不能用插槽[（{attribute}）]指定 USB Key：每次插拔，插槽都会变化。",
            &["请用“token=”或“serial=”指定，“chopmark tokens”会显示这两项。"],
        ),
        "module-name" => words_of(
            "这里不能用 module-name 指定驱动。",
            &["请写出驱动文件：“module-path=/驱动/路径”，“chopmark drivers”会显示路径。"],
        ),
        "attribute-in-query" => words_of(
            "存放位置里有一项[“{attribute}”]写在了问号的另一侧。",
            &["写法是“pkcs11:token=名称?module-path=文件&pin-source=文件”。"],
        ),
        "attribute-twice" => words_of("存放位置里同一项[“{attribute}”]写了两次。", &["请只保留一个。"]),
        "attribute-unknown" => words_of(
            "存放位置里有无法识别的一项[“{attribute}”]。",
            &[
                "“pkcs11:”可用的有 token、serial、manufacturer、model、object、id；问号后可用 module-path 和 pin-source。",
                "“computer:”可用的有 store、provider、object、id。",
            ],
        ),
        "attribute-without-value" => words_of(
            "存放位置里有一项没有值。",
            &["每一项都是“名称=值”，例如“pkcs11:token=Alice”；值里的“;”“?”“&”写作 %3B、%3F、%26。"],
        ),
        "attribute-too-long" => words_of("存放位置里有一项[“{attribute}”]过长。", &[PLACE_FORMS]),
        "percent" => {
            words_of("百分号后面不是两位十六进制数字[（在“{attribute}”中）]。", &["百分号本身写作 %25，空格写作 %20。"])
        }
        "not-text" => words_of(
            "存放位置里有一项[“{attribute}”]不是可读的文字。",
            &["中文等字符可直接写，也可写成 UTF-8 的百分号编码。"],
        ),
        "pin-source" => words_of(
            "pin-source 指向的不是本机文件；这里不会执行命令，也不会访问网址。",
            &["请写成“pin-source=file:/文件/路径”。"],
        ),
        "key-unknown" => words_of(
            "无法识别这种密钥类型[（{key}）]。",
            &["可选 rsa:2048、rsa:3072、rsa:4096、ec:p256、ec:p384、ec:p521、ed25519。"],
        ),
        "san" => {
            words_of("备用名称[“{what}”]的写法无法识别。", &["请写成“dns:域名”或“email:邮箱”，多个之间用逗号分开。"])
        }
        "reference" => {
            words_of("参考号是空的，或不是一行文字。", &["请从 CA 邮件中复制；两个码里不需要保密的那个就是参考号。"])
        }
        "proxy" => {
            words_of("无法识别代理的地址。", &["请写成“http://主机:端口”；需要用户名时写成“http://用户名@主机:端口”。"])
        }
        "proxy-password" => words_of(
            "口令不能写在代理的地址里：其他程序可以读到命令行上的内容。",
            &[
                "请去掉口令：它会另行询问，或由 --proxy-password-file 指定的文件提供。",
                "如果这行命令已被保存或分享，请更换口令。",
            ],
        ),
        "tls-certificate" => {
            words_of("用于安全连接的文件中没有证书和对应的密钥[：{path}]。", &["请指定含有证书和私钥的 PKCS#12 文件。"])
        }
        "two-stdin" => words_of("不能让两个口令都来自标准输入（“-”）。", &["请把其中一个改为文件。"]),
        "secret-unreadable" => words_of(
            "存放口令的文件无法读取[：{path}]。",
            &["请检查文件是否存在、是否有读权限。", "也可以不指定，届时再输入。"],
        ),
        "secret-empty" => words_of("给出的口令是空的[：{path}]。", &[ONE_LINE]),
        "secret-too-long" => {
            words_of("给出的内容太长，不像是口令[：{path}]。", &["请检查是否指定了正确的文件。", ONE_LINE])
        }
        "secret-not-text" => words_of(
            "给出的口令不是一行 UTF-8 文字[：{path}]。",
            if system == System::Windows {
                &["请将文件存为 UTF-8：PowerShell 的“>”可能写成 UTF-16。"]
            } else {
                &["请将文件存为 UTF-8。"]
            },
        ),
        "trust-unreadable" => {
            words_of("存放 CA 根证书的文件无法读取[：{path}]。", &["请指定含有 CA 根证书的 PEM 文件。"])
        }
        "certificate-ambiguous" => words_of("有多张证书符合条件[：{seen}]。", &["请多写几位 SHA-256 指纹。"]),
        "certificate-without-object" => {
            words_of("这个位置有不止一张证书[：{seen}]。", &["请加上“id=”或“object=”，或改用 SHA-256 指纹的前几位。"])
        }
        "fingerprint" => words_of(
            "无法由此确定是哪张证书。",
            &["请给出 SHA-256 指纹的前几位（至少四位十六进制数字），或带“id=”“object=”的存放位置。"],
        ),
        "token-label" => {
            words_of("这不能作为 USB Key 的名称。", &["请用 1 到 32 个字符，写成一行；一个汉字算三个字符。"])
        }
        "object-ambiguous" => words_of("USB Key 上有多项符合[：{seen}]。", &["请给出更多名称字符。"]),
        "token-place" => {
            words_of("这里没有指明 USB Key。", &["请给出“chopmark tokens”所列的名称，或“pkcs11:token=名称”。"])
        }
        "usage" => words_of("无法理解这条命令[：{what}]。", &["“chopmark --help”会列出可用的命令。"]),
        _ => words_of("给出的内容无法使用[：{what}]。", &["请查看详情，更正后重试。"]),
    }
}

fn nobody_to_ask(what: &str) -> Words {
    match what {
        "place" => words_of(
            "没有指定密钥和证书的存放位置，而当前又不能询问。[现有：{seen}。]",
            &["请用 --place 指定：“pkcs11:token=名称”、“file:路径.p12”、“file:路径.pem”或“computer”。"],
        ),
        "ca" => words_of(
            "没有指定 CA，而当前又不能询问。[已有：{seen}。]",
            &["请用 --ca 指定已有的名称、配置文件或地址。", "“chopmark ca add”可添加 CA。"],
        ),
        "reference" => words_of("缺少参考号，而当前又不能询问。", &["请用 --reference 给出。"]),
        "authorization-code" => words_of(
            "缺少授权码，而当前又不能询问。",
            &["请用 --code-file 指定文件，或用“--code-file -”从标准输入读取。"],
        ),
        "verification-code" => words_of(
            "缺少续期用的授权码，而当前又不能询问。",
            &["用 --verification-code-file 指定文件；或去掉 --reference，改用旧密钥续期。"],
        ),
        "confirm-revocation" => words_of(
            "吊销无法恢复，而当前又不能询问是否确定。[证书：{seen}。]",
            &["确定要吊销时，加上 --yes 再运行。", "或者在终端中运行，不加 --batch。"],
        ),
        "confirm-root" => words_of(
            "将要信任新的根证书，而当前又不能询问它是否正确。[SHA-256：{seen}。]",
            &["先与 CA 公布的指纹核对，再加上 --yes 运行。", "或者在终端中运行，不加 --batch。"],
        ),
        "store-password" => words_of("缺少证书库的口令，而当前又不能询问。", &["请用 --password-file 指定文件。"]),
        "pin" => words_of(
            "缺少 USB Key 的 PIN，而当前又不能询问。",
            &["请用 --pin-file 指定文件，或在存放位置里写明（pin-source）。"],
        ),
        "file-password" => words_of("缺少文件的口令，而当前又不能询问。", &["请用 --password-file 指定文件。"]),
        "proxy-password" => words_of("缺少代理的口令，而当前又不能询问。", &["请用 --proxy-password-file 指定文件。"]),
        "tls-password" => {
            words_of("缺少安全连接所用证书文件的口令，而当前又不能询问。", &["请用 --tls-password-file 指定文件。"])
        }
        "changes" | "accept-changes" => words_of(
            "CA 签发的内容与申请的不同，而当前又不能询问是否接受。[更改：{seen}。]",
            &["加上 --yes 表示接受 CA 的更改。", "也可以不加 --batch，在终端中运行。"],
        ),
        "so-pin" => words_of("缺少管理员 PIN（SO PIN、PUK），而当前又不能询问。", &["请用 --so-pin-file 指定文件。"]),
        "new-pin" => words_of("缺少新 PIN，而当前又不能询问。", &["请用 --new-pin-file 指定文件。"]),
        "confirm-label" => words_of(
            "这项操作无法恢复，而当前又不能询问是否确定。[USB Key：{seen}。]",
            &["确定时请用 --confirm-label 给出 USB Key 的名称。", "或者在终端中运行，不加 --batch。"],
        ),
        "job" => words_of(
            "没有指定要继续哪个任务，而当前又不能询问。[未完成：{seen}。]",
            &["请给出任务编号，或使用 --all。"],
        ),
        _ => words_of(
            "有事项需要询问，而当前又不能询问[：{what}]。[现有：{seen}。]",
            &["请不加 --batch，在终端中运行。"],
        ),
    }
}

/// Words for the stable values of facts, without hyphens and in lower case. An empty word leaves the sentence out.
pub(super) fn word(name: &str, value: &str) -> Option<&'static str> {
    Some(match (name, value) {
        ("state", "ok") => "",
        ("state", "notset") => "它还没有设置 PIN。",
        ("state", "countlow") => "之前已经输错过，剩余次数不多。",
        ("state", "finaltry") => "只剩最后一次机会，再输错就会锁定。",
        ("state", "locked") => "现在已被锁定。",
        ("state", "mustchange") => "必须先修改 PIN 才能使用。",
        ("check", "transactionid") => "事务编号不一致",
        ("check", "nonce" | "recipnonce" | "sendernonce") => "没有返回我们发出的随机数",
        _ => return None,
    })
}

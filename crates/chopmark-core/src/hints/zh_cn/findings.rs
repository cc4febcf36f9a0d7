//! 体检发现的问题，简体中文。

use super::{System, Words, words_of};
use crate::error::Code;

/// Words for the codes that only a check-up gives.
pub(in crate::hints) fn words(code: Code, system: System) -> Words {
    match code {
        Code::ReaderServiceMissing
        | Code::ReaderServiceStopped
        | Code::ReaderServiceDenied
        | Code::ReaderServiceHangs
        | Code::ReaderServiceFaulty
        | Code::ReaderUnseen
        | Code::ReaderEmpty
        | Code::CardMute
        | Code::CardHeld => readers(code, system),
        Code::CardWithoutDriver
        | Code::CardUnknown
        | Code::DriverGuessed
        | Code::TokenUnseen
        | Code::DriverBadSignature
        | Code::TwoDrivers
        | Code::GenericDriver
        | Code::MakerDriverMissing
        | Code::ChosenDriverGone
        | Code::ChosenDriverUnfit
        | Code::CatalogueFileBroken
        | Code::DriverSlow => drivers(code, system),
        Code::ProviderMissing
        | Code::ProviderWrong
        | Code::ProviderWithoutSha256
        | Code::CertificateUnbound
        | Code::CapiOverride
        | Code::ProviderFails
        | Code::KeyNotInProvider
        | Code::CapiOverrideOff
        | Code::NoSuchProvider
        | Code::ProviderCannot
        | Code::ProviderForgets
        | Code::ProviderKeyGone => providers(code),
        _ => tokens(code, system),
    }
}

fn readers(code: Code, system: System) -> Words {
    match code {
        Code::ReaderServiceMissing => words_of(
            "这台电脑没有安装智能卡服务，无法使用读卡器。",
            match system {
                System::Linux => &[
                    "请安装：Debian、Ubuntu 执行“sudo apt install pcscd”，Fedora、RHEL 执行“sudo dnf install pcsc-lite pcsc-lite-ccid”。",
                    "再启动：“sudo systemctl enable --now pcscd.socket”。",
                ],
                System::MacOs => &["它是 macOS 自带的：请安装最新的系统更新，然后重启。"],
                System::Windows => &[
                    "它是 Windows 自带的：请打开“服务”，查找“Smart Card”。",
                    "如果没有，请管理员修复系统（“sfc /scannow”）。",
                ],
            },
        ),
        Code::ReaderServiceStopped => words_of(
            "智能卡服务没有运行，无法使用读卡器。",
            match system {
                System::Linux => &[
                    "请启动：“sudo systemctl enable --now pcscd.socket”。",
                    "如果启动后又退出，请查看“journalctl -u pcscd”。",
                ],
                System::MacOs => &["请拔下读卡器或 USB Key，重启 Mac，再插上。"],
                System::Windows => &[
                    "请插入 USB Key：Windows 看到第一个读卡器时会启动该服务。",
                    "也可以打开“服务”，将“Smart Card”设为自动启动并启动它。",
                ],
            },
        ),
        Code::ReaderServiceDenied => words_of(
            "智能卡服务正在运行，但不允许当前用户使用。",
            match system {
                System::Linux => &[
                    "请在这台电脑本机登录使用：polkit 会拒绝 SSH 会话和后台服务。",
                    "也可以请管理员添加 polkit 规则，允许“org.debian.pcsc-lite.access_pcsc”和“access_card”。",
                    "snap 版请执行“snap connect chopmark:pcscd”，Flatpak 版请允许“socket=pcsc”。",
                ],
                System::MacOs => &["请在“系统设置 › 隐私与安全性”中允许 Chopmark 使用智能卡，然后重新启动它。"],
                System::Windows => {
                    &["请在本机登录，或在远程桌面中开启智能卡重定向。", "请咨询管理员是否有策略禁用了智能卡。"]
                }
            },
        ),
        Code::ReaderServiceHangs => words_of(
            "智能卡服务没有响应，多半是某个读卡器或卡片占住了它。",
            match system {
                System::Linux => &[
                    "请拔下所有读卡器和 USB Key，再重启服务：“sudo systemctl restart pcscd”。",
                    "然后逐个插回：插上后服务又卡住的那一个就是原因。",
                ],
                System::MacOs => &["请拔下所有读卡器和 USB Key，重启 Mac，再逐个插回。"],
                System::Windows => &[
                    "请拔下所有读卡器和 USB Key，再重启“Smart Card”服务。",
                    "然后逐个插回：插上后服务又卡住的那一个就是原因。",
                ],
            },
        ),
        Code::ReaderServiceFaulty => words_of(
            "智能卡服务报错[（{text}）]。",
            match system {
                System::Linux => &["请重启服务：“sudo systemctl restart pcscd”。", "请拔下读卡器，重新插入。"],
                System::MacOs => &["请拔下读卡器，重启 Mac，再插上。"],
                System::Windows => &["请重启“Smart Card”服务。", "请拔下读卡器，重新插入。"],
            },
        ),
        Code::ReaderUnseen => words_of(
            "已插入读卡器[（{device}）]，但智能卡服务看不到它。",
            match system {
                System::Linux => &[
                    "请安装读卡器驱动：“sudo apt install libccid”或“sudo dnf install pcsc-lite-ccid”，然后重启 pcscd。",
                    "请让 GnuPG 放开读卡器：“gpgconf --kill scdaemon”。",
                    "支持的读卡器见 ccid.apdu.fr，其他型号需要厂商驱动。",
                ],
                System::MacOs => &["请拔下后重新插入。", "请从厂商网站安装读卡器驱动。"],
                System::Windows => &["请查看设备管理器：带黄色标记的读卡器缺少驱动。", "请从厂商网站安装读卡器驱动。"],
            },
        ),
        Code::ReaderEmpty => words_of(
            "读卡器[“{reader}”]中没有卡片。",
            &["请将卡片芯片朝前插到底。", "如果已经插入，请用干布擦拭芯片后再试。"],
        ),
        Code::CardMute => words_of(
            "读卡器[“{reader}”]中的卡片没有应答。",
            &[
                "请检查方向：芯片朝上、朝前插入。",
                "请用干布擦拭芯片，或换一个读卡器。",
                "如果仍无应答，卡片可能已损坏，请联系发卡单位。",
            ],
        ),
        _ => words_of(
            "另一个程序独占了读卡器[“{reader}”]中的卡片。",
            match system {
                System::Linux => &[
                    "请关闭其他正在使用卡片的程序，例如浏览器和邮件客户端。",
                    "GnuPG 会长时间占用卡片，可执行“gpgconf --kill scdaemon”释放。",
                ],
                _ => &["请关闭其他正在使用卡片的程序，例如厂商的管理工具、浏览器和邮件客户端。"],
            },
        ),
    }
}

fn drivers(code: Code, system: System) -> Words {
    match code {
        Code::CardWithoutDriver => words_of(
            "“{token}”已插入，但没有安装它的驱动[“{driver}”]。",
            match system {
                System::Windows => &[
                    "[请从这里下载驱动：{download}]",
                    "许多 USB Key 插入后会出现一个小光盘，驱动就在里面。",
                    "安装后请拔下 USB Key，重新插入。",
                ],
                _ => &[
                    "[请从这里下载驱动：{download}]",
                    "也可以向 CA 索取适用于本系统的驱动。",
                    "安装后请拔下 USB Key，重新插入。",
                ],
            },
        ),
        Code::CardUnknown => words_of(
            "不知道读卡器[“{reader}”]中的卡片需要哪个驱动。",
            match system {
                System::Linux => &[
                    "请向发卡单位询问与它配套的驱动（PKCS#11 模块）。",
                    "可以试试支持多种卡片的 OpenSC：“sudo apt install opensc”。",
                ],
                System::MacOs => {
                    &["请向发卡单位询问与它配套的驱动。", "可以试试支持多种卡片的 OpenSC，安装包见 opensc.org。"]
                }
                System::Windows => {
                    &["请向发卡单位询问与它配套的驱动。", "请查看 Windows 更新：许多卡片的驱动由它提供。"]
                }
            },
        ),
        Code::DriverGuessed => words_of(
            "“{token}”需要哪个驱动只能推测[：可能是“{driver}”]。",
            &["请对照 USB Key 上印的厂商和型号。", "[厂商网页：{download}]", "请询问发放 USB Key 的单位。"],
        ),
        Code::TokenUnseen => words_of(
            "驱动[“{driver}”]已安装并能运行，但识别不到“{token}”。",
            match system {
                System::Linux => &[
                    "请拔下，等十秒，再直接插到电脑上。",
                    "请重启智能卡服务：“sudo systemctl restart pcscd”。",
                    "请安装厂商最新的驱动：旧驱动不认识新型号。",
                ],
                _ => &["请拔下，等十秒，再直接插到电脑上。", "请安装厂商最新的驱动：旧驱动不认识新型号。"],
            },
        ),
        Code::DriverBadSignature => words_of(
            "驱动文件[ {driver} ]的签名无效：文件已损坏，或在厂商签名后被改动过。",
            &["请不要使用它，并对电脑进行安全扫描。", "请卸载该驱动，从厂商网站重新安装。"],
        ),
        Code::TwoDrivers => words_of(
            "“{token}”同时出现在两个驱动中，Chopmark 使用“{driver}”[，不使用“{other}”]。",
            &["无需处理。如果其他程序选错了驱动，请在那里也选择正确的驱动。"],
        ),
        Code::GenericDriver => words_of(
            "“{token}”正在使用通用驱动[（{driver}）]，而它的专用驱动已经安装[（{other}）]。",
            &["请改用厂商的专用驱动：它更了解这个 USB Key，并能在上面生成密钥。"],
        ),
        Code::MakerDriverMissing => words_of(
            "“{token}”可以用通用驱动工作[（{driver}）]，但没有安装它的专用驱动[（{other}）]。",
            &["如果生成密钥失败，请安装厂商的驱动。", "[下载地址：{download}]"],
        ),
        Code::ChosenDriverGone => words_of(
            "为“{token}”选定的驱动已不存在[：{driver}]。",
            &["请重新安装，或取消这个选择，由 Chopmark 挑选合适的驱动。"],
        ),
        Code::ChosenDriverUnfit => words_of(
            "为“{token}”选定的驱动[ {driver} ]并不适用于它。",
            &["[请改选“{other}”。]", "也可以取消这个选择，由 Chopmark 挑选合适的驱动。"],
        ),
        Code::CatalogueFileBroken => words_of(
            "附加的驱动清单文件无法使用[：{path}]，改正之前其中的内容都不生效。",
            &["请按详细信息改正，或联系编写该文件的人。", "也可以先将它移开。"],
        ),
        _ => words_of(
            "驱动[“{driver}”]响应很慢[：用了 {seconds} 秒]。",
            &["请拔下不用的读卡器和 USB Key。", "请安装厂商最新的驱动。"],
        ),
    }
}

fn providers(code: Code) -> Words {
    match code {
        Code::ProviderMissing => words_of(
            "证书[“{certificate}”]绑定的提供程序没有安装[：{provider}]。",
            &[
                "请安装该证书所在 USB Key 的驱动，提供程序随驱动一起安装。",
                "如果换用了其他驱动，请拔下 USB Key 再插入，Windows 会重新绑定。",
            ],
        ),
        Code::ProviderWrong => words_of(
            "证书[“{certificate}”]选错了提供程序：它的密钥不在“{provider}”中[，而在“{other}”中]。",
            &[
                "请从证书存储区（certmgr.msc）删除该证书，不要从 USB Key 上删除；再拔下 USB Key，重新插入。",
                "如果两个驱动争用这个 USB Key，请卸载不属于它的那一个。",
            ],
        ),
        Code::ProviderWithoutSha256 => words_of(
            "提供程序“{provider}”不支持 SHA-256 签名，而如今的 CA 都要求它。",
            &["请安装厂商最新的驱动。", "如果驱动带有多个提供程序，请选择 RSA 和 AES 类型（24）的那个，或选择 KSP。"],
        ),
        Code::CertificateUnbound => words_of(
            "Windows 存储区中的证书[“{certificate}”]没有绑定密钥，任何程序都无法使用它。",
            &["请插入存有其密钥的 USB Key，驱动会完成绑定。", "如果不行，请从存储区删除该证书，让驱动重新导入。"],
        ),
        Code::CapiOverride => words_of(
            "Windows 不再让旧程序使用智能卡上的 RSA 密钥：安装 CVE-2024-30098 的更新后，“{provider}”中没有[“{certificate}”的]密钥，旧程序会提示“指定了无效的提供程序类型”。",
            &[
                "请使用支持 KSP 的程序，并更新旧程序，这是安全的做法。",
                "在此之前，管理员可将 DisableCapiOverrideForRSA 设为 0；更新的 Windows 已不再理会此设置。",
            ],
        ),
        Code::ProviderFails => words_of(
            "提供程序“{provider}”已登记，但无法打开。",
            &["请重新安装它所属的驱动；如果已不再使用，请卸载。", "如果是刚刚安装的，请重启 Windows。"],
        ),
        Code::KeyNotInProvider => words_of(
            "证书[“{certificate}”]的密钥不在“{provider}”中，其他提供程序中也没有。",
            &["请插入存有该密钥的 USB Key。", "如果 USB Key 已重新初始化，这张证书已无法使用，请办理新证书。"],
        ),
        Code::NoSuchProvider => words_of(
            "这台电脑没有安装提供程序[“{provider}”]。[已安装：{seen}。]",
            &[
                "请用“chopmark drivers”查看已安装的提供程序，并照抄其名称。",
                "如果它属于某个 USB Key，请安装该 USB Key 的驱动，提供程序随驱动一起安装。",
                "也可以不指定，由 Chopmark 选择。",
            ],
        ),
        Code::ProviderCannot => words_of(
            "提供程序[“{provider}”]不能生成或使用这种密钥[（{key}）]。",
            &["请换一种密钥：RSA 2048 几乎处处可用。", "椭圆曲线密钥请选择 KSP：CSP 只支持 RSA。"],
        ),
        Code::ProviderForgets => words_of(
            "提供程序[“{provider}”]声称已生成密钥，但密钥并不存在。",
            &["请换用其他提供程序（用“chopmark drivers”查看）。", "如果它属于某个 USB Key，请安装厂商最新的驱动。"],
        ),
        Code::ProviderKeyGone => words_of(
            "Windows 密钥存储中已没有这个密钥[（“{provider}”）]。",
            &["如果密钥在 USB Key 或卡上，请插入它。", "如果密钥已被删除，这张证书已无法使用，请办理新证书。"],
        ),
        _ => words_of(
            "这台电脑关闭了针对 CVE-2024-30098 的防护（DisableCapiOverrideForRSA 为 0）。",
            &["待旧程序不再需要时，请管理员删除此设置。"],
        ),
    }
}

fn tokens(code: Code, system: System) -> Words {
    match code {
        Code::PinCountLow => words_of(
            "USB Key[“{token}”]输错过 PIN，剩余次数不多。",
            &["下次请慢慢输入：输对一次即恢复全部次数。", "如果不确定，请先询问。"],
        ),
        Code::PinFinalTry => words_of(
            "USB Key[“{token}”]的 PIN 再输错一次就会锁定。",
            &["请不要猜测，先询问发放 USB Key 的单位。", "输对一次即恢复全部次数。"],
        ),
        Code::SoPinCountLow => {
            words_of("USB Key[“{token}”]输错过管理员 PIN（SO PIN）。", &["只要用户 PIN 可用，就无需处理。"])
        }
        Code::SoPinFinalTry => words_of(
            "USB Key[“{token}”]的管理员 PIN（SO PIN）再输错一次就会锁定，多数 USB Key 此后无法再解锁。",
            &["请不要猜测管理员 PIN。您自己的 PIN 不受影响。"],
        ),
        Code::SoPinLocked => words_of(
            "USB Key[“{token}”]的管理员 PIN（SO PIN）已锁定：如果您的 PIN 也被锁定，就再也打不开了。",
            &["请小心保护您自己的 PIN。", "请准备另一个 USB Key。"],
        ),
        Code::PinPad => {
            words_of("USB Key[“{token}”]的 PIN 在设备上输入。", &["需要 PIN 时请看设备，Chopmark 不会显示输入框。"])
        }
        Code::TokenNearlyFull => words_of(
            "USB Key[“{token}”]空间快满了[：还剩 {free} 字节]。",
            &["请删除不再需要的证书和密钥；旧的加密邮件还要用到的请保留。"],
        ),
        Code::KeyTooSmall => words_of(
            "USB Key[“{token}”]生成的密钥对这家 CA 来说太短[：它支持 {keys}][，CA 要求 {wants}]。",
            &["请换用较新的 USB Key。", "请确认用的是厂商的专用驱动，通用驱动支持的较少。", "请咨询 CA。"],
        ),
        Code::KeyWithoutCertificate => words_of(
            "USB Key[“{token}”]上有没有证书的密钥[：{keys}]。",
            &["请查看活动列表，是否还有任务在等证书。", "如果没有，它是遗留的密钥，占用空间，可在“USB Key”页面删除。"],
        ),
        Code::CertificateExpired => words_of(
            "证书“{certificate}”已过期[ {days} 天]。",
            &["请向 CA 索取参考号和授权码，办理新证书。", "旧的加密邮件还要用到的旧密钥请保留。"],
        ),
        Code::CertificateExpiring => {
            words_of("证书“{certificate}”将在 {days} 天后过期。", &["请现在更新：在有效期内更新不需要参考号和授权码。"])
        }
        Code::CertificateNotYetValid => words_of(
            "证书“{certificate}”尚未生效[：还有 {days} 天]。",
            &["请检查这台电脑的日期和时间。", "如果无误，请等待，或咨询 CA。"],
        ),
        Code::Sandboxed => words_of(
            match system {
                System::Linux => "Chopmark 运行在沙盒中[（{sandbox}）]，可能看不到本机的全部驱动、读卡器和文件。",
                _ => "Chopmark 运行在沙盒中[（{sandbox}）]，可能看不到本机的全部内容。",
            },
            &["如果这里缺少本机已有的内容，请改用普通安装包安装 Chopmark。"],
        ),
        Code::BrowserSnap => words_of(
            "{browser} 是 snap 版：它看不到本机的证书存储和驱动。",
            &["要使用证书和 USB Key，请用普通安装包（deb、rpm）安装浏览器。", "也可以换用其他浏览器访问这些网页。"],
        ),
        Code::BrowserFlatpak => words_of(
            "{browser} 是 Flatpak 版：它看不到本机的证书存储和驱动。",
            &["要使用证书和 USB Key，请用普通安装包（deb、rpm）安装浏览器。", "也可以换用其他浏览器访问这些网页。"],
        ),
        Code::BrowserWithoutDriver => words_of(
            "{browser} 中没有 USB Key[“{token}”]的驱动[“{driver}”]，因此不会列出其中的证书。",
            &[
                "可以在这里让 Chopmark 完成[，或用“chopmark drivers register {path}”一次为所有浏览器完成]；然后重新启动浏览器。",
                "也可以在 Firefox 中手动添加：设置 › 隐私与安全 › 安全设备 › 加载[，选择 {path}]。",
            ],
        ),
        Code::CaRootExpired => words_of(
            "配置中 CA[“{ca}”]的根证书已过期[ {days} 天]，它的证书都无法验证。",
            &["请向 CA 或管理员获取最新的配置文件。", "可以向 CA 查询新的根证书：“chopmark ca root-update”。"],
        ),
        Code::CaRootExpiring => words_of(
            "CA[“{ca}”]的根证书将在 {days} 天后过期。",
            &["请向 CA 查询新的根证书（“chopmark ca root-update”），或获取最新的配置文件。"],
        ),
        Code::BadReport => words_of(
            "这个文件不是本版本能读取的体检报告[：{path}]。",
            &["请确认文件完整、未经改动。", "如果来自更新版本的 Chopmark，请先升级。"],
        ),
        Code::NoSuchFix => {
            words_of("没有这项修复[（{fix}）]，或它已失效。", &["请重新体检：结果中会列出可以修复和可以撤销的项目。"])
        }
        Code::FixFailed => words_of(
            "修复没有成功[（{fix}）]，未做任何改动。",
            &["请查看详细信息：往往是缺少权限。", "请管理员手动处理。"],
        ),
        _ => words_of("", &[]),
    }
}

/// What a repair will do, and what it did.
pub(in crate::hints) fn repair(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "choose-driver" => ("今后对这个 USB Key 使用 {driver}。", "已为 USB Key 选定 {driver}。"),
        "forget-choice" => ("取消对 {driver} 的选择。", "已取消对 {driver} 的选择。"),
        "bind-certificate" => ("将证书绑定到存有其密钥的“{provider}”。", "已将证书绑定到“{provider}”。"),
        "register-driver" => ("让 {browser} 使用驱动 {driver}。", "已让 {browser} 使用驱动 {driver}。"),
        "unregister-driver" => ("不再让 {browser} 使用驱动 {driver}。", "已不再让 {browser} 使用驱动 {driver}。"),
        "set-aside" => ("将文件 {path} 改名移开。", "已将文件 {path} 移开。"),
        _ => (
            "允许旧程序再次使用智能卡上的 RSA 密钥（需要管理员权限，会降低防护）。",
            "已允许旧程序再次使用智能卡上的 RSA 密钥。",
        ),
    }
}

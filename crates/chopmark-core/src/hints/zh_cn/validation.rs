//! 域名验证，简体中文。

use super::{Words, words_of};
use crate::error::Code;

const WAIT: &str = "等几分钟再检查一次。";
const IN_THE_PANEL: &str = "打开该域名的 DNS 解析设置（在域名托管的服务商处）。";
const RENAME: &str = "多数解析面板会自动补上主域名：在那里只填前面的主机记录部分。";
const SAVE_AGAIN: &str = "用 Chopmark 保存文件（“保存文件”），原样上传，不要再编辑。";

/// Is it a code about domains?
pub(super) fn is_about(code: Code) -> bool {
    code.number() / 1000 == 6
}

/// Words for the codes about domains. One without words is found by the test of the tables.
pub(super) fn words(code: Code, kind: &str) -> Words {
    let number = code.number();
    match number / 100 {
        60 => of_order(code),
        61 => of_record(code),
        62 => of_servers(code),
        63 => of_caa(code),
        64 => of_web(code, kind),
        65 => of_console(code),
        66 => super::letters::words(code),
        68 => super::acme::words(code),
        _ => words_of("", &[]),
    }
}

fn of_order(code: Code) -> Words {
    match code {
        Code::OrderNotFound => {
            words_of("本机没有这个订单[（{order}）]。", &["用“chopmark order list”或在窗口的“订单”页查看已有的订单。"])
        }
        Code::DeadlinePassed => words_of(
            "CA 给的验证期限已过。",
            &["到 CA 控制台看看订单是否仍然有效。", "如果已关闭，请重新下单：记录或文件会变。"],
        ),
        _ => words_of("", &[]),
    }
}

fn of_console(code: Code) -> Words {
    match code {
        Code::UsslRefused => words_of(
            "证书控制台拒绝了请求[ {action}][：{message}][（返回码 {retCode}）]。",
            &["检查公钥和私钥是否成对、是否复制完整。", "到控制台确认该账号有证书 API 权限，且订单属于该账号。"],
        ),
        Code::UsslAnswer => words_of(
            "证书控制台的回答无法识别[（{action}）][：{method}]。",
            &["检查 API 地址。", "或者手工抄下记录或文件：“chopmark order add”。"],
        ),
        Code::UsslNoProof => words_of(
            "控制台还没有给出域名验证信息[（订单 {order}）][，当前状态：{state}]。",
            &["先在控制台补全订单信息。", "几分钟后再获取一次。"],
        ),
        Code::OrderUnsettled => words_of(
            "回应丢失，尚不知道是否已办理[：{act}][（订单 {order}）]。",
            &[
                "弄清之前不会重发，因此不会重复购买或吊销。",
                "[{seconds} 秒后]用“chopmark order refresh”再查；若在控制台已看到结果，用“chopmark order settle”告知。",
                "若是 ACME 吊销：再吊销一次，CA 会答复是否已吊销。",
            ],
        ),
        Code::OrderActNotNow => words_of(
            "现在不能办理[：{act}][；订单状态：{state}]。",
            &["“chopmark order refresh”查询订单状态，“chopmark order show”列出可做的事。"],
        ),
        Code::OrderBusy => words_of("另一个窗口或命令正在处理此订单[（{order}）]。", &["请等它结束。"]),
        Code::OrderAccountNotFound => words_of(
            "没有这个账号[：{account}]。",
            &["“chopmark order account list”查看已有账号，“chopmark order account add”添加。"],
        ),
        Code::OrderAccountExists => words_of("已有同名账号[：{account}]。", &["先删除它，或换一个名称。"]),
        Code::OrderAccountSecret => words_of(
            "无法保存或读取账号的密钥[：{account}]。",
            &["请解锁系统密钥环。", "或用 --secret-in file 重新添加账号。"],
        ),
        Code::OrderNoCertificate => words_of(
            "证书尚未签发[；订单状态：{state}]。",
            &[
                "“chopmark order refresh --watch”会一直等到签发。",
                "CA 若已把证书发给您：“chopmark order install[ {order}] --from 文件”，或在窗口中点“从文件安装”。",
            ],
        ),
        Code::OrderOtherKey => words_of(
            "收到的证书对应另一把密钥[（订单 {order}）]。",
            &["证书未写入。请用正确密钥的请求重签：“chopmark order reissue”。", "向 CA 查询它用了哪个请求。"],
        ),
        Code::OrderOtherPending => words_of(
            "此账号有一个回应尚未收到[（订单 {order}）]：弄清之前不会再购买。",
            &["用该订单号运行“chopmark order refresh”查询。"],
        ),
        Code::OrderNotConfirmed => words_of(
            "未发送任何请求：须先原样输入以示确认[：{name}]。",
            &["请照原样输入；多花这一点时间正是目的。", "命令行：收费的用 --agree 价格，其他用 --confirm 名称。"],
        ),
        Code::OrderHasKey => words_of(
            "此订单已有密钥[（{place}）][，由任务 {job} 生成]。",
            &[
                "继续使用它：“chopmark order csr”显示其请求，“chopmark order install”安装证书。",
                "或先放弃它[：“chopmark resume {job} --discard”]，也可在窗口的“活动”中操作。",
            ],
        ),
        Code::OrderNoKey => words_of(
            "此订单[（{order}）]还没有在本机生成密钥。",
            &[
                "生成密钥：“chopmark order csr[ {order}] --place 位置”，或在窗口中点“生成密钥”。",
                "密钥若在别处，用 --csr 提交它的请求。",
            ],
        ),
        Code::OrderKeyInUse => words_of(
            "CA 已收到这把密钥的请求，证书可能还会签发[（订单 {order}）]。",
            &["请先取消订单或吊销证书，然后才能删除密钥。", "或等待证书：“chopmark order install[ {order}]”。"],
        ),
        Code::OrderNothingDelivered => words_of(
            "文件[（{path}）]里没有证书。",
            &["支持 PEM、DER、PKCS#7（.p7b），或含有它们的 ZIP 压缩包。请从 CA 重新下载。"],
        ),
        Code::OrderRefused => words_of(
            "CA 不签发此证书[；它说：{state}]。",
            &[
                "域名含知名品牌，或含 test、bank、pay、live 等词，可能被拒：改订 OV，或换域名。",
                "控制台有详情，可咨询其客服。",
                "ACME 订单：用“chopmark order again[ {order}]”重新下单，记录或文件会变。",
            ],
        ),
        _ => words_of("", &[]),
    }
}

fn of_record(code: Code) -> Words {
    match code {
        Code::RecordMissing => words_of(
            "还没有名为[ {name}] 的记录。[查询过的服务器会把“没有”记住 {minutes} 分钟。]",
            &[IN_THE_PANEL, "按这里的名称、类型和值添加记录并保存。", WAIT],
        ),
        Code::RecordNoData => words_of(
            "[{name}] 这个名称存在，但没有[ {type}] 记录。[查询过的服务器会把“没有”记住 {minutes} 分钟。]",
            &[IN_THE_PANEL, "按这个类型添加记录，并确认已保存、已启用。", WAIT],
        ),
        Code::RecordOtherValue => words_of(
            "记录[ {name}] 的值不对[，现在是：{found}]。",
            &["用复制粘贴换成本订单的值。", "如果是旧订单留下的，旧记录可以删除。", WAIT],
        ),
        Code::RecordOtherType => words_of(
            "[{name}] 处是另一种记录[：{found}][；CA 要查的是 {type}]。",
            &["删除它，改为添加[ {type}] 类型的记录。", WAIT],
        ),
        Code::ZoneNameDoubled => {
            words_of("记录名里主域名写了两遍[：{found}]。", &["在解析面板里改正主机记录。", RENAME, WAIT])
        }
        Code::RecordElsewhere => words_of(
            "正确的值设在了另一个名称上[：{found}]。[CA 查的是 {name}。]",
            &["把主机记录改成本订单的名称。", RENAME, WAIT],
        ),
        Code::WildcardAnswers => words_of(
            "记录本身还没有，是泛解析在应答[：{found}]。",
            &["按这个名称添加记录即可，它优先于泛解析，泛解析可以保留。", WAIT],
        ),
        Code::QuotesInValue => words_of("值里带了引号[：{found}]。", &["填值时不要加引号，解析面板会自己处理。", WAIT]),
        Code::ZoneAppendedToValue => {
            words_of("值的后面被补上了主域名[：{found}]。", &["在值的末尾加一个点“.”，面板就会按完整域名处理。", WAIT])
        }
        Code::DotInValue => words_of("值的末尾多了一个点[：{found}]。", &["去掉这个点。", WAIT]),
        Code::CnameWithOthers => words_of(
            "[{name}] 处除了 CNAME 还有别的记录[（{found}）]。这不合规范，服务器的应答会时对时错。",
            &["删除这个名称下的其他记录，或请 CA 改用 TXT 或文件验证。", WAIT],
        ),
        Code::CnameChain => {
            words_of("要经过别的别名才能到达正确的值[：{found}]。", &["让记录直接指向 CA 给的值。", WAIT])
        }
        Code::CnameLoop => words_of("别名绕成了一圈[：{found}]。", &["换成本订单的值。", WAIT]),
        Code::ValueCase => words_of(
            "值的大小写不一致[：{found}]。",
            &["原样重新复制；如果面板会改变大小写，请改用 CNAME 或文件验证。", WAIT],
        ),
        Code::BlanksInValue => words_of("值里混进了空白[：“{found}”]。", &["重新复制，不要带空格和换行。", WAIT]),
        Code::ValueCut => {
            words_of("值不完整[：{found}]。", &["复制完整的值。", "如果面板放不下，请 CA 换一种验证方式。", WAIT])
        }
        Code::NameNotAscii => words_of(
            "记录设在了原文写法的域名上；CA 查的是编码后的名称[ {name}]。",
            &["按这里给出的编码形式（xn--…）填写名称。", WAIT],
        ),
        _ => words_of("", &[]),
    }
}

fn of_servers(code: Code) -> Words {
    match code {
        Code::ServersDisagree => words_of(
            "并非所有权威服务器都有这条记录。[缺的是：{servers}。]",
            &[
                "等它们都更新，通常只要几分钟。",
                "如果一直这样，请 DNS 服务商处理同步问题，或检查是否还列着旧的服务器。",
            ],
        ),
        Code::OldAnswerCached => words_of(
            "记录已经正确，只是有些地方还是旧的应答[（{servers}）][，最多还要 {minutes} 分钟]。",
            &["只需等待，不要再改记录。"],
        ),
        Code::ResolverFails => words_of(
            "解析服务器查不到[ {name}] 的结果[：{servers}]。",
            &["过几分钟再检查。", "如果一直这样，是权威服务器有故障，请联系 DNS 服务商。"],
        ),
        Code::DnssecBroken => words_of(
            "[{zone}] 的 DNSSEC 有问题：会验证签名的解析服务器拒绝它的所有应答[（{servers}）]。CA 会验证签名。",
            &[
                "换过 DNS 服务商的话：到注册商处删除旧的 DS 记录，或在新服务商处开启签名。",
                "询问 DNS 服务商签名是否已过期。",
            ],
        ),
        Code::ServerRefuses => words_of(
            "为[ {zone}] 登记的服务器拒绝应答[：{servers}]。",
            &["到注册商处核对 DNS 服务器是否是现在的服务商。", "询问 DNS 服务商该域名是否已启用解析。"],
        ),
        Code::ServerLame => words_of(
            "为[ {zone}] 登记的服务器并不认识这个域[：{servers}]。",
            &["到注册商处核对 DNS 服务器是否是现在的服务商。"],
        ),
        Code::ServerFails => {
            words_of("[{zone}] 的服务器出错[：{servers}]。", &["联系 DNS 服务商：可能是域里有错误，无法加载。"])
        }
        Code::ServerSilent => words_of(
            "从这里联系不上[ {zone}] 的服务器[：{servers}]。",
            &[
                "如果只有这几台不应答，请联系 DNS 服务商。",
                "有些网络不允许直接查询权威服务器，那就以解析服务器的结果为准。",
            ],
        ),
        Code::ServersUnknown => {
            words_of("为[ {zone}] 登记的服务器没有地址[：{servers}]。", &["到注册商处改正 DNS 服务器的名称。"])
        }
        Code::DomainNotRegistered => words_of(
            "域名[ {domain}] 不存在。",
            &["检查域名有没有写错。", "到注册商处确认域名已注册、已续费、已设置 DNS 服务器。"],
        ),
        Code::ResolverSilent => words_of("从这里联系不上[：{servers}]。", &["不用处理，以其他结果为准。"]),
        Code::DnsUnreachable => {
            words_of("没有任何解析服务器应答，无法查询[ {name}]。", &["检查本机的网络连接。", "换一个网络再试。"])
        }
        _ => words_of("", &[]),
    }
}

fn of_caa(code: Code) -> Words {
    match code {
        Code::CaaForbids => words_of(
            "[{domain}] 的 CAA 记录不允许这家 CA 签发[：只列了 {found}]。",
            &[
                "添加一条写有这家 CA 名称的 CAA 记录[：0 issue \"{expected}\"]。",
                "通配符证书以 issuewild 为准（如果有）。",
                WAIT,
            ],
        ),
        Code::CaaRestricts => words_of(
            "[{domain}] 的 CAA 记录只允许这些 CA 签发[：{found}]。",
            &["确认本订单的 CA 在其中；它的 CAA 名称见其说明文档。"],
        ),
        Code::CaaUnreadable => words_of(
            "读不到[ {domain}] 的 CAA 记录，这种情况下任何 CA 都不能签发。",
            &["过几分钟再检查。", "请 DNS 服务商正常应答 CAA 查询。"],
        ),
        Code::CaaCritical => words_of(
            "[{domain}] 的一条 CAA 记录含有 CA 不认识的强制要求[：{found}]。这种情况下任何 CA 都不能签发。",
            &["改正或删除这条记录。"],
        ),
        _ => words_of("", &[]),
    }
}

fn of_web(code: Code, kind: &str) -> Words {
    match code {
        Code::WebNameUnknown => words_of(
            "域名[ {domain}] 没有地址，也就没有网站可查。",
            &["为域名添加 A 或 AAAA 记录，或请 CA 改用 DNS 验证。"],
        ),
        Code::WebNoConnection => words_of(
            "连接不上网站[：{url}（{address}）]。",
            &["检查网站服务是否在运行、防火墙是否放行该端口。", "检查域名的 A 和 AAAA 记录是否指向这台服务器。"],
        ),
        Code::WebSilent => words_of(
            "网站没有及时应答[：{url}（{address}）]。",
            &["检查防火墙和网站服务。", "检查域名的 A 和 AAAA 记录是否指向这台服务器。"],
        ),
        Code::WebRedirects => words_of(
            "网站把访问者转到了别处[：{location}]。这家 CA 不跟随跳转。",
            &[
                "在跳转规则（跳 https、跳 www、跳登录页）中排除 /.well-known/pki-validation/。",
                "文件必须由这个地址本身以状态码 200 返回。",
            ],
        ),
        Code::FileMissing => words_of(
            "文件不在那里[：{url} 返回 {status}]。",
            &[SAVE_AGAIN, "文件夹要放在网站根目录下；有些工具会漏传以点开头的文件夹。"],
        ),
        Code::FileForbidden => words_of(
            "网站不让人读取文件[：{url} 返回 {status}]。",
            &["允许所有人读取“.well-known”文件夹及其内容。", "在登录、防火墙、防爬虫规则中为它放行。"],
        ),
        Code::WebStatus => words_of(
            "网站返回了错误[：{url} 的状态码是 {status}]。CA 要求 200。",
            &["到网站日志里查原因。", "静态文件不需要程序处理，让网站服务器直接返回它。"],
        ),
        Code::FileLineEnd => words_of("内容后面多了换行。文件必须以内容的最后一个字符结束。", &[SAVE_AGAIN]),
        Code::FileByteOrderMark => words_of(
            "文件开头有一个看不见的标记（BOM），是编辑器加上的。",
            &[SAVE_AGAIN, "或者另存为不带 BOM 的 UTF-8。"],
        ),
        Code::FileIsPage => {
            words_of("[{url}] 返回的是网页，不是文件。", &["让网站服务器原样返回文件，不要套上页面。", SAVE_AGAIN])
        }
        Code::FileUtf16 => {
            words_of("文件被保存成了 UTF-16（“Unicode”）。", &[SAVE_AGAIN, "或者另存为 UTF-8 或 ANSI。"])
        }
        Code::FileCompressed => words_of(
            "没有要求压缩，网站却返回了压缩的内容[（{found}）]。",
            &["对 /.well-known/pki-validation/ 关闭压缩。"],
        ),
        Code::FileCase => words_of("内容的大小写不一致。", &[SAVE_AGAIN]),
        Code::FileBlanks => words_of("内容前面或后面有空白。", &[SAVE_AGAIN]),
        Code::FileQuotes => words_of("内容带了引号。", &[SAVE_AGAIN]),
        Code::FileCut => words_of("内容不完整，或者后面还有别的内容。", &[SAVE_AGAIN]),
        Code::FileOther => words_of(
            "文件的内容不对[，现在是：{found}]。",
            &[SAVE_AGAIN, "如果是旧订单的文件，请替换；用了 CDN 的话刷新缓存。"],
        ),
        Code::FileEmpty => words_of("文件是空的。", &[SAVE_AGAIN]),
        Code::FileTooLarge => {
            words_of("[{url}] 返回的内容远比验证文件大，其余部分没有读取。", &["让网站服务器在这个地址上返回该文件。"])
        }
        Code::FileNameCase => {
            words_of("文件名的大小写不对[：{found}]。网站服务器区分大小写。", &["把文件改成与本订单完全一致的名称。"])
        }
        Code::FileElsewhere => words_of(
            "文件放在了别处[：{found}]。[CA 查的是 {url}。]",
            &["把它移过去。", "Windows 会隐藏扩展名：确认它没有变成“.txt.txt”。"],
        ),
        Code::WebCatchAll => words_of(
            "网站对任何地址都返回同一个页面，[{url}] 也一样。",
            &["让它先返回 /.well-known/ 下的文件，再套用通用规则。", SAVE_AGAIN],
        ),
        Code::WebCertificate => words_of(
            match kind {
                "expired" => "[{url}] 的证书已过期。检查照常进行。",
                "name" => "[{url}] 的证书属于另一个域名。检查照常进行。",
                "issuer" => "[{url}] 的证书不是由受信任的机构签发的。检查照常进行。",
                _ => "[{url}] 的证书有问题。检查照常进行。",
            },
            &["这不影响验证，换上新证书就好了。"],
        ),
        Code::WebTls => words_of(
            "与[ {url}] 建立不了安全连接。",
            &["多数 CA 只要 http:// 可用即可，请确认那里是对的。", "检查网站服务器的 TLS 设置。"],
        ),
        Code::WebNotHttp => words_of("[{url}] 上应答的不是网站。", &["检查这个端口上运行的程序对不对。"]),
        Code::WebFamiliesDiffer => words_of(
            "[{domain}] 的 IPv4 和 IPv6 返回的内容不同[（不对的是 {found}）]，而 CA 两种都可能用。",
            &["两台服务器都放上文件，或改正 AAAA 记录。"],
        ),
        Code::WebPartnerDiffers => words_of(
            "域名的另一种写法[ {found}] 上没有这个文件。[本订单以 {domain} 为准。]",
            &["如果 CA 两个都查，那里也要放上文件。"],
        ),
        Code::WebLocalAddress => words_of(
            "[{domain}] 指向内网地址[（{address}）]，CA 访问不到。",
            &["换一个网络看看域名指向哪里。", "否则请 CA 改用 DNS 验证。"],
        ),
        _ => words_of("", &[]),
    }
}

/// Wrong input about orders; `None`: not ours.
pub(super) fn bad_input(reason: &str) -> Option<Words> {
    Some(match reason {
        "order-domain" => words_of(
            "这不是域名[：{domain}]。",
            &["不要带 http:// 和路径，例如 example.com、www.example.com 或 *.example.com。"],
        ),
        "order-record" => {
            words_of("这不是有效的记录名[：{name}]。", &["从 CA 控制台复制，例如 _dnsauth.example.com。"])
        }
        "order-target" => words_of(
            "CNAME 的值应是一个域名[，而这个不是：{name}]。",
            &["从 CA 控制台复制记录值。", "如果值不是域名，类型可能是 TXT。"],
        ),
        "order-value" => words_of("值没有填，或者太长。", &["从 CA 控制台复制。"]),
        "order-file" => words_of("这不是有效的文件名[：{path}]。", &["从 CA 控制台复制文件名，不要带文件夹。"]),
        "order-proof" => words_of("没有写明 CA 要查什么。", &["请给出记录（--cname 或 --txt）或文件（--file）。"]),
        "order-method" => words_of("这家 CA[（{ca}）]的规则不允许这种验证方式。", &["请换一种方式。"]),
        "order-wildcard-file" => {
            words_of("通配符域名不能用文件验证。", &["请 CA 改用 DNS 验证。", "或者把通配符域名单独下单。"])
        }
        "order-deadline" => words_of(
            "这不是有效的时间[：{text}]。",
            &["填从现在起的小时数（24h），或 UTC 时间（2026-11-26T08:00:00Z）。"],
        ),
        "order-rules" => words_of(
            "没有这套规则[：“{ca}”]。",
            &["[已有的规则：{seen}。]", "可以在 Chopmark 文件夹的 validation.toml 里添加。"],
        ),
        "order-no-file" => words_of("这个订单不是用文件验证的。", &["请改为设置记录，内容见“chopmark order show”。"]),
        "acme-address" | "acme-code" | "acme-contact" | "order-not-acme" | "order-no-act" => {
            return super::acme::input(reason);
        }
        "account-name" => words_of("账号名称无效。", &["只用字母、数字、“-”、“_”和“.”。"]),
        "order-request" => words_of("这不是证书请求（PKCS#10）。", &["请给出 OpenSSL 生成的文件（PEM 或 DER）。"]),
        "order-applicant" => {
            words_of("无法读取申请人资料[：{path}]。", &["格式为 TOML；字段见“chopmark order submit --help”。"])
        }
        "order-by-hand" => words_of(
            "此订单是手工录入的，不能从这里到来源处办理。",
            &["请在 CA 控制台办理。", "或用“chopmark order fetch”从那里获取订单。"],
        ),
        "ussl-address" => words_of(
            "这不是可用的证书 API 地址。",
            &["请填以 https:// 开头的地址；http:// 只能用于本机（http://127.0.0.1…）。"],
        ),
        "validation-settings" => {
            words_of("检查用的设置读不出来[：{path}]。", &["按详情里指出的行改正，或移走这个文件，改用内置设置。"])
        }
        _ => return None,
    })
}

//! ACME，简体中文。

use super::{Words, words_of};
use crate::error::Code;

const CHECK_AGAIN: &str = "在这里再检查一次：CA 看到的可能是旧的解析结果。";
const ORDER_AGAIN: &str = "然后重新下单：CA 已关闭这个订单，记录或文件会变。";

/// Words for the codes about ACME.
pub(super) fn words(code: Code) -> Words {
    match code {
        Code::AcmeNotDirectory => words_of(
            "[{url} 的]应答不是 ACME 目录。",
            &["检查地址：CA 的文档里叫“ACME directory URL”或“ACME 服务器地址”。"],
        ),
        Code::AcmeAnswer => words_of(
            "CA 的回答不符合 ACME 协议[（{what}）]。",
            &["几分钟后再试。", "如果一直这样，请把下面的详情发给 CA。"],
        ),
        Code::AcmeTerms => words_of("需要先同意 CA 的服务条款[：{url}]。", &["阅读后再表示同意（“--agree-terms”）。"]),
        Code::AcmeNeedsCodes => words_of(
            "这家 CA 要求用参考号和授权码开通账号。",
            &["到 CA 控制台获取，那里叫“EAB Key ID”和“HMAC Key”。", "用“--reference”和“--code-file”提供。"],
        ),
        Code::AcmeCodesRefused => words_of(
            "CA 不接受参考号[“{reference}”]和授权码[：{text}]。",
            &["检查两者是否成对、是否复制完整。", "许多 CA 的授权码只能用一次：请到控制台重新获取。"],
        ),
        Code::AcmeAccountGone => words_of(
            "CA 不认识本机的账号[：{text}]。",
            &["账号可能已在 CA 处关闭。重新下单会开通新账号；CA 要求授权码时需要新的授权码。"],
        ),
        Code::AcmeRateLimited => words_of(
            "请求过多，CA 暂时不受理[：{text}]。[请至少等 {minutes} 分钟。]",
            &["等一等再继续这个订单，不会丢失任何东西。", "期间不要重复下同样的订单。"],
        ),
        Code::AcmeCaa => words_of(
            "CA 不能[为 {domain} ]签发：CAA 记录不允许[：{text}]。",
            &["添加允许这家 CA 的 CAA 记录，或删除只允许其他 CA 的记录。", ORDER_AGAIN],
        ),
        Code::AcmeDns => words_of(
            "CA 无法解析域名[ {domain}][：{text}]。",
            &[CHECK_AGAIN, "检查该域名的各台权威服务器：都必须能从外网应答。", ORDER_AGAIN],
        ),
        Code::AcmeConnection => words_of(
            "CA 连不上网站服务器[（{domain}）][：{text}]。",
            &["CA 从外网访问 80 端口：请在防火墙放行；域名有 IPv6 地址时也要放行 IPv6。", ORDER_AGAIN],
        ),
        Code::AcmeProofWrong => words_of(
            "CA 看到的内容不对[（{domain}）][：{text}]。",
            &["把记录或文件与订单要求的内容对照一遍。", CHECK_AGAIN, ORDER_AGAIN],
        ),
        Code::AcmeBadRequest => {
            words_of("CA 不接受证书请求（CSR）[：{text}]。", &["换一种密钥重新下单；“rsa:2048”和“ec:p256”各家都支持。"])
        }
        Code::AcmeDomainRefused => words_of(
            "CA 不[为 {domain} ]签发证书[：{text}]。[逐个说明：{each}。]",
            &["去掉这个域名再下单，或换一家 CA。"],
        ),
        Code::AcmeRefused => words_of(
            "CA 拒绝了请求[：{text}][（{type}）]。[逐个说明：{each}。]",
            &["如果指出了某个域名，去掉它再下单。", "否则请带着下面的详情询问 CA。"],
        ),
        Code::AcmeUserAction => {
            words_of("CA 要求您先完成一项操作[：{text}]。", &["[打开 {url}，按页面说明操作。]", "完成后继续这个订单。"])
        }
        Code::AcmeMethodMissing => words_of(
            "CA 不支持用这种方式验证[ {domain}]。[可用的方式：{seen}。]",
            &[
                "改用 DNS 记录（“--method dns”）：通配符域名只能这样验证。",
                "这里不提供 tls-alpn-01：它要占用网站服务器的 443 端口。",
            ],
        ),
        Code::AcmeNotYet => words_of(
            "CA 要看的内容还没有全部就绪，所以没有通知 CA 去检查。",
            &["查看缺什么：“chopmark order check[ {order}]”。", "每一次失败的检查都会作废 CA 处的一个订单。"],
        ),
        Code::AcmeNotAllowed => {
            words_of("CA 不允许这个账号这样做[：{text}]。", &["确认订单或证书属于这个账号，并且账号没有关闭。"])
        }
        _ => words_of("", &[]),
    }
}

/// Words for what was typed.
pub(super) fn input(reason: &str) -> Option<Words> {
    Some(match reason {
        "acme-address" => words_of(
            "这不是可用的 ACME 目录地址。",
            &["请填以 https:// 开头的地址；http:// 只能用于本机（http://127.0.0.1…）。"],
        ),
        "acme-code" => words_of("授权码的写法不对。", &["从 CA 控制台完整复制 HMAC Key：只含字母、数字、“-”和“_”。"]),
        "acme-contact" => words_of("这不是邮箱地址。", &["请填 someone@example.com 这样的地址，或不填。"]),
        "order-not-acme" => words_of("订单[ {order}] 不是通过 ACME 下的。", &["订单来源见“chopmark order show”。"]),
        "order-no-act" => words_of("下单的地方没有这项操作。", &["该订单可以做什么，见“chopmark order show”。"]),
        _ => return None,
    })
}

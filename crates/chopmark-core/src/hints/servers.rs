//! What to do with the files that a web server gets, in words.

use super::Language;
use crate::model::{ServerKey, ServerKind};

/// The steps, two where the key goes along.
pub(crate) fn steps(server: ServerKind, key: ServerKey, language: Language) -> Vec<String> {
    let chinese = language == Language::ZhCn;
    let usual = if chinese { zh_cn(server) } else { en(server) };
    let about_key = if chinese { key_zh_cn(server, key) } else { key_en(server, key) };
    about_key.into_iter().chain(usual).map(str::to_owned).collect()
}

/// The text that lies beside the files, in both languages.
pub(crate) fn read_me(server: ServerKind, key: ServerKey, name: &str, until: &str) -> String {
    let name: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut text = format!("{name}\n");
    for (head, language) in
        [(format!("Valid until {until}."), Language::En), (format!("有效期至 {until}。"), Language::ZhCn)]
    {
        text += &format!("\n{head}\n");
        for (number, step) in (1..).zip(steps(server, key, language)) {
            text += &format!("{number}. {step}\n");
        }
    }
    text
}

fn en(server: ServerKind) -> [&'static str; 2] {
    match server {
        ServerKind::Nginx => [
            "Put the lines of nginx.conf into the “server” block, beside “listen 443 ssl;” (or name the file there with “include”).",
            "Test and load: nginx -t && nginx -s reload",
        ],
        ServerKind::Apache => [
            "Put the lines of apache.conf into the “VirtualHost” block of port 443, beside “SSLEngine on” (or name the file with “Include”).",
            "Test and load: apachectl configtest && apachectl graceful",
        ],
        ServerKind::Tomcat => [
            "Put the lines of tomcat.xml into the HTTPS “Connector” of conf/server.xml; where PASSWORD or PIN stands, put yours.",
            "Start Tomcat again. Its user must be able to read the files.",
        ],
        ServerKind::Iis => [
            "Run the lines of iis.ps1 in PowerShell as administrator; put your site's name for “Default Web Site”.",
            "In IIS Manager, look under Bindings of the site whether port 443 has the new certificate.",
        ],
    }
}

fn zh_cn(server: ServerKind) -> [&'static str; 2] {
    match server {
        ServerKind::Nginx => [
            "把 nginx.conf 中的几行放进“server”块，与“listen 443 ssl;”并列（也可以在那里用 include 引用该文件）。",
            "检查并加载：nginx -t && nginx -s reload",
        ],
        ServerKind::Apache => [
            "把 apache.conf 中的几行放进 443 端口的“VirtualHost”块，与“SSLEngine on”并列（也可以用 Include 引用该文件）。",
            "检查并加载：apachectl configtest && apachectl graceful",
        ],
        ServerKind::Tomcat => [
            "把 tomcat.xml 中的几行放进 conf/server.xml 的 HTTPS“Connector”，并把 PASSWORD 或 PIN 换成您自己的。",
            "重新启动 Tomcat；运行它的用户必须能读取这些文件。",
        ],
        ServerKind::Iis => [
            "以管理员身份在 PowerShell 中运行 iis.ps1 里的命令，并把“Default Web Site”换成您的网站名称。",
            "在 IIS 管理器的网站“绑定”中确认 443 端口已使用新证书。",
        ],
    }
}

fn key_en(server: ServerKind, key: ServerKey) -> Option<&'static str> {
    Some(match (key, server) {
        (ServerKey::Written, _) => return None,
        (ServerKey::OnToken, ServerKind::Nginx | ServerKind::Apache) => {
            "The private key stays on the token: install OpenSSL's engine “pkcs11” (libengine-pkcs11-openssl) or pkcs11-provider, name the token's driver (MODULE_PATH), the PIN and “init = 1” in openssl.cnf."
        }
        (ServerKey::OnToken, ServerKind::Tomcat) => {
            "The private key stays on the token: set up Java's provider SunPKCS11 with the token's driver (java.security)."
        }
        (ServerKey::OnToken, ServerKind::Iis) => {
            "The private key stays on the token: its driver for Windows (a KSP or CSP) must be installed; the second line ties the two."
        }
        (ServerKey::InStore, ServerKind::Iis) => {
            "The private key stays in Windows' store; the certificate must lie in that of the computer."
        }
        (ServerKey::InStore, _) => {
            "The private key may not leave this computer's store, so this server cannot use it: order again with a key in a file."
        }
        (ServerKey::Elsewhere, ServerKind::Iis) => {
            "The private key is not known here. Was the request made on this Windows server, the second line ties the two; else bring key and certificate together as PKCS#12."
        }
        (ServerKey::Elsewhere, _) => {
            "The private key is not known here: put it where the lines say “key.pem”; it is the one that the request was made with."
        }
    })
}

fn key_zh_cn(server: ServerKind, key: ServerKey) -> Option<&'static str> {
    Some(match (key, server) {
        (ServerKey::Written, _) => return None,
        (ServerKey::OnToken, ServerKind::Nginx | ServerKind::Apache) => {
            "私钥留在 USB Key 中：请安装 OpenSSL 的 pkcs11 引擎（libengine-pkcs11-openssl）或 pkcs11-provider，并在 openssl.cnf 中写明驱动（MODULE_PATH）、PIN 和“init = 1”。"
        }
        (ServerKey::OnToken, ServerKind::Tomcat) => {
            "私钥留在 USB Key 中：请在 java.security 中用该驱动配置 Java 的 SunPKCS11 提供程序。"
        }
        (ServerKey::OnToken, ServerKind::Iis) => {
            "私钥留在 USB Key 中：必须装有它的 Windows 驱动（KSP 或 CSP）；第二条命令把证书与私钥关联起来。"
        }
        (ServerKey::InStore, ServerKind::Iis) => "私钥留在 Windows 证书存储中；证书须位于“本地计算机”的存储中。",
        (ServerKey::InStore, _) => "私钥不能离开本机的证书存储，因此该服务器无法使用它：请把私钥放在文件中重新申请。",
        (ServerKey::Elsewhere, ServerKind::Iis) => {
            "本机没有私钥。如果请求是在这台 Windows 服务器上生成的，第二条命令会把两者关联起来；否则请把私钥和证书合成 PKCS#12 文件。"
        }
        (ServerKey::Elsewhere, _) => "本机没有私钥：请把生成请求时的那把私钥放到配置中“key.pem”所在的位置。",
    })
}

/* Puts a certificate with an RSA key in a CSP into CurrentUser\MY of the Wine prefix, bound to its key in one of three ways.
 *   bind good|wrong|unbound NAME
 * good: to the provider and container that have the key; wrong: to another CSP, which has no such key; unbound: to none. NAME is that of the
 * container and the certificate's common name.
 *
 * x86_64-w64-mingw32-gcc -o bind.exe bind.c -lcrypt32 -ladvapi32
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>
#include <wincrypt.h>

static const wchar_t *HOLDER = L"Microsoft Enhanced RSA and AES Cryptographic Provider";
static const wchar_t *OTHER = L"Microsoft Strong Cryptographic Provider";

static int fail(const char *call)
{
    printf("%s: 0x%08lx\n", call, GetLastError());
    return 1;
}

int wmain(int count, wchar_t **words)
{
    if (count != 3) return 2;
    const wchar_t *how = words[1], *name = words[2];

    HCRYPTPROV provider;
    HCRYPTKEY key;
    if (!CryptAcquireContextW(&provider, name, HOLDER, PROV_RSA_AES, CRYPT_NEWKEYSET)) return fail("CRYPT_NEWKEYSET");
    if (!CryptGenKey(provider, AT_SIGNATURE, 2048 << 16, &key)) return fail("CryptGenKey");

    wchar_t subject[200];
    BYTE encoded[500];
    CERT_NAME_BLOB blob = {sizeof encoded, encoded};
    wcscpy(subject, L"CN=");
    wcsncat(subject, name, 150);
    if (!CertStrToNameW(X509_ASN_ENCODING, subject, CERT_X500_NAME_STR, NULL, encoded, &blob.cbData, NULL))
        return fail("CertStrToName");
    CRYPT_KEY_PROV_INFO info = {(wchar_t *)name, (wchar_t *)HOLDER, PROV_RSA_AES, 0, 0, NULL, AT_SIGNATURE};
    CRYPT_ALGORITHM_IDENTIFIER algorithm = {szOID_RSA_SHA1RSA, {0, NULL}};
    const CERT_CONTEXT *made = CertCreateSelfSignCertificate(provider, &blob, 0, &info, &algorithm, NULL, NULL, NULL);
    if (!made) return fail("CertCreateSelfSignCertificate");

    HCERTSTORE store = CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, CERT_SYSTEM_STORE_CURRENT_USER, L"MY");
    const CERT_CONTEXT *kept;
    if (!store) return fail("CertOpenStore");
    /* Encoded, so that no property comes along. */
    if (!CertAddEncodedCertificateToStore(store, X509_ASN_ENCODING, made->pbCertEncoded, made->cbCertEncoded,
                                          CERT_STORE_ADD_NEW, &kept))
        return fail("CertAddEncodedCertificateToStore");
    if (!wcscmp(how, L"wrong")) {
        info.pwszProvName = (wchar_t *)OTHER;
        info.dwProvType = PROV_RSA_FULL;
        /* For Wine the software CSPs are one: they share their containers. */
        info.pwszContainerName = L"none of this name";
    }
    if (wcscmp(how, L"unbound") && !CertSetCertificateContextProperty(kept, CERT_KEY_PROV_INFO_PROP_ID, 0, &info))
        return fail("CERT_KEY_PROV_INFO_PROP_ID");
    /* In this order, or Wine does not save it. */
    CertFreeCertificateContext(kept);
    CertCloseStore(store, 0);
    /* Wine writes the key when its provider is given back. */
    CryptDestroyKey(key);
    CryptReleaseContext(provider, 0);
    return 0;
}

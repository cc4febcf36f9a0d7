import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.security.KeyPair;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509CRLHolder;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.X509v2CRLBuilder;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;

/** Root, intermediate and issuing CA, what they have issued and what they have revoked. */
final class Authority {
    /** id-kp-cmcCA: may sign CMP answers of a CA (RFC 6402, RFC 9810, section 8.8). */
    static final String SIGN_ANSWERS = "1.3.6.1.5.5.7.3.27";
    /** id-kp-cmKGA: may sign keys made for others (RFC 9480). */
    static final String GENERATE_KEYS = "1.3.6.1.5.5.7.3.32";
    private static final int SIGNS_CERTIFICATES = KeyUsage.keyCertSign | KeyUsage.cRLSign;

    final Holder root = root("O=Chopmark Interop,CN=Interop Root");
    /** The root before this one, and the two certificates that link them (RFC 9810, section 4.4). */
    final Holder oldRoot = root("O=Chopmark Interop,CN=Interop Old Root");
    final Holder intermediate = ca("O=Chopmark Interop,CN=Interop Intermediate", root, Holder.EC);
    private final Holder issuing = ca("O=Chopmark Interop,CN=Interop Issuing", intermediate, Holder.EC);

    private final Map<String, Holder> made = new HashMap<>();
    private final Map<BigInteger, X509CertificateHolder> issued = new HashMap<>();
    private final Map<BigInteger, Integer> revoked = new HashMap<>();
    private X509CRLHolder crl;
    private static final AtomicLong SERIAL = new AtomicLong(System.currentTimeMillis() << 16);

    /** The CA for subscribers. */
    Holder issuing(boolean ed25519) {
        return ed25519
            ? once("issuing", () -> ca("O=Chopmark Interop,CN=Interop Issuing Ed25519", intermediate, Holder.ED25519))
            : issuing;
    }

    /** Signs answers with a key of this kind. */
    Holder answerer(String algorithm) {
        return once(algorithm, () -> helper("O=Chopmark Interop,CN=CMP " + algorithm, algorithm, SIGN_ANSWERS));
    }

    /** A subscriber who signs answers though nothing says that it may. */
    Holder impostor() {
        return once("impostor", () -> subscriber("O=Chopmark Interop,CN=Just a subscriber"));
    }

    /** Bears the same name as the rightful one; its root is nobody's. */
    Holder foreigner() {
        return once("foreigner", () -> {
            Holder otherRoot = root("O=Chopmark Interop,CN=Interop Root");
            Holder other = ca("O=Chopmark Interop,CN=Interop Intermediate", otherRoot, Holder.EC);
            return end("O=Chopmark Interop,CN=CMP " + Holder.RSA, Holder.RSA, SIGN_ANSWERS, other);
        });
    }

    /** Makes keys for others. */
    Holder keyGenerator(boolean mayDoSo) {
        return once("kga" + mayDoSo, () -> helper("O=Chopmark Interop,CN=Key generation", Holder.EC,
            mayDoSo ? GENERATE_KEYS : KeyPurposeId.id_kp_clientAuth.getId()));
    }

    synchronized X509CertificateHolder issue(Holder by, X500Name subject, SubjectPublicKeyInfo key, Extensions wanted) {
        X509CertificateHolder certificate = certificate(by, subject, key, wanted);
        issued.put(certificate.getSerialNumber(), certificate);
        return certificate;
    }

    /** Exactly this certificate comes from here. */
    synchronized boolean knows(X509CertificateHolder certificate) {
        return certificate.equals(issued.get(certificate.getSerialNumber()));
    }

    /** The certificate with this issuer and serial number; null: none. */
    synchronized X509CertificateHolder find(X500Name issuer, BigInteger serial) {
        X509CertificateHolder certificate = issued.get(serial);
        return certificate != null && certificate.getIssuer().equals(issuer) ? certificate : null;
    }

    synchronized boolean isRevoked(X509CertificateHolder certificate) {
        return revoked.containsKey(certificate.getSerialNumber());
    }

    synchronized void revoke(X509CertificateHolder certificate, int reason) {
        revoked.put(certificate.getSerialNumber(), reason);
        crl = null;
    }

    /** The newest list; a new one is made when somebody was revoked since. */
    synchronized X509CRLHolder crl() {
        if (crl != null) {
            return crl;
        }
        Instant now = Instant.now();
        X509v2CRLBuilder builder = new X509v2CRLBuilder(issuing.name(), Date.from(now));
        builder.setNextUpdate(Date.from(now.plus(7, ChronoUnit.DAYS)));
        revoked.forEach((serial, reason) -> builder.addCRLEntry(serial, Date.from(now), reason));
        crl = builder.build(issuing.signer());
        return crl;
    }

    /** `subject`'s key, certified by `by` under `subject`'s name: newWithOld and oldWithNew. */
    X509CertificateHolder link(Holder subject, Holder by) {
        return certificate(by, subject.name(), subject.certificate.getSubjectPublicKeyInfo(), forCa());
    }

    private synchronized Holder once(String name, java.util.function.Supplier<Holder> make) {
        Holder holder = made.get(name);
        if (holder == null) {
            holder = make.get();
            made.put(name, holder);
        }
        return holder;
    }

    private Holder subscriber(String name) {
        return end(name, Holder.RSA, KeyPurposeId.id_kp_clientAuth.getId(), issuing);
    }

    private Holder helper(String name, String algorithm, String purpose) {
        return end(name, algorithm, purpose, intermediate);
    }

    private static Holder root(String name) {
        KeyPair keys = Holder.newKeys(Holder.RSA);
        SubjectPublicKeyInfo key = SubjectPublicKeyInfo.getInstance(keys.getPublic().getEncoded());
        Holder self = new Holder(keys, Holder.RSA, null, List.of());
        return new Holder(keys, Holder.RSA, certificate(self, new X500Name(name), key, forCa()), List.of());
    }

    private static Holder ca(String name, Holder by, String algorithm) {
        return holder(name, algorithm, by, forCa());
    }

    private static Holder end(String name, String algorithm, String purpose, Holder by) {
        KeyPurposeId id = KeyPurposeId.getInstance(new ASN1ObjectIdentifier(purpose));
        return holder(name, algorithm, by, extensions(
            extension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature)),
            extension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(id))));
    }

    private static Holder holder(String name, String algorithm, Holder by, Extensions extensions) {
        KeyPair keys = Holder.newKeys(algorithm);
        SubjectPublicKeyInfo key = SubjectPublicKeyInfo.getInstance(keys.getPublic().getEncoded());
        List<X509CertificateHolder> chain = new ArrayList<>();
        if (!by.certificate.getSubject().equals(by.certificate.getIssuer())) {
            chain.add(by.certificate);
            chain.addAll(by.chain);
        }
        return new Holder(keys, algorithm, certificate(by, new X500Name(name), key, extensions), chain);
    }

    private static Extensions forCa() {
        return extensions(
            extension(Extension.basicConstraints, true, new BasicConstraints(true)),
            extension(Extension.keyUsage, true, new KeyUsage(SIGNS_CERTIFICATES)));
    }

    static Extensions extensions(Extension... all) {
        return new Extensions(all);
    }

    static Extension extension(ASN1ObjectIdentifier id, boolean critical, org.bouncycastle.asn1.ASN1Object value) {
        try {
            return new Extension(id, critical, value.getEncoded());
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static X509CertificateHolder certificate(
            Holder by, X500Name subject, SubjectPublicKeyInfo key, Extensions wanted) {
        Instant now = Instant.now();
        boolean selfSigned = by.certificate == null;
        X509v3CertificateBuilder builder = new X509v3CertificateBuilder(
            selfSigned ? subject : by.name(), BigInteger.valueOf(SERIAL.incrementAndGet()),
            Date.from(now.minus(1, ChronoUnit.HOURS)), Date.from(now.plus(300, ChronoUnit.DAYS)), subject, key);
        try {
            JcaX509ExtensionUtils identifiers = new JcaX509ExtensionUtils();
            builder.addExtension(Extension.subjectKeyIdentifier, false, identifiers.createSubjectKeyIdentifier(key));
            if (!selfSigned) {
                builder.addExtension(Extension.authorityKeyIdentifier, false,
                    identifiers.createAuthorityKeyIdentifier(by.certificate.getSubjectPublicKeyInfo()));
            }
            for (ASN1ObjectIdentifier id : wanted == null ? new ASN1ObjectIdentifier[0] : wanted.getExtensionOIDs()) {
                builder.addExtension(wanted.getExtension(id));
            }
            return builder.build(by.signer());
        } catch (NoSuchAlgorithmException | IOException failure) {
            throw new IllegalStateException(failure);
        }
    }

    static String pem(X509CertificateHolder certificate) throws IOException {
        StringWriter text = new StringWriter();
        try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
            writer.writeObject(certificate);
        }
        return text.toString();
    }
}

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** A key pair with its certificate, and the CA certificates between it and the root. */
final class Holder {
    static final String RSA = "SHA256WITHRSA";
    static final String RSA_PSS = "SHA256WITHRSAANDMGF1";
    static final String EC = "SHA256WITHECDSA";
    static final String ED25519 = "Ed25519";

    final KeyPair keys;
    final X509CertificateHolder certificate;
    /** Nearest first, without the root. */
    final List<X509CertificateHolder> chain;
    private final String algorithm;

    Holder(KeyPair keys, String algorithm, X509CertificateHolder certificate, List<X509CertificateHolder> chain) {
        this.keys = keys;
        this.algorithm = algorithm;
        this.certificate = certificate;
        this.chain = chain;
    }

    static KeyPair newKeys(String algorithm) {
        try {
            if (algorithm.equals(EC)) {
                KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", "BC");
                generator.initialize(new ECGenParameterSpec("P-256"));
                return generator.generateKeyPair();
            }
            if (algorithm.equals(ED25519)) {
                return KeyPairGenerator.getInstance("Ed25519", "BC").generateKeyPair();
            }
            KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA", "BC");
            generator.initialize(2048);
            return generator.generateKeyPair();
        } catch (GeneralSecurityException failure) {
            throw new IllegalStateException(failure);
        }
    }

    static ContentSigner signer(KeyPair keys, String algorithm) {
        try {
            return new JcaContentSignerBuilder(algorithm).setProvider("BC").build(keys.getPrivate());
        } catch (OperatorCreationException failure) {
            throw new IllegalStateException(failure);
        }
    }

    ContentSigner signer() {
        return signer(keys, algorithm);
    }

    /** The same holder, signing in another way. */
    Holder with(String other) {
        return new Holder(keys, other, certificate, chain);
    }

    X500Name name() {
        return certificate.getSubject();
    }

    byte[] keyIdentifier() {
        return keyIdentifier(certificate);
    }

    static byte[] keyIdentifier(X509CertificateHolder certificate) {
        return SubjectKeyIdentifier.getInstance(
            certificate.getExtension(Extension.subjectKeyIdentifier).getParsedValue()).getKeyIdentifier();
    }
}

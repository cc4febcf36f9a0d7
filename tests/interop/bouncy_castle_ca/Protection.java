import java.io.IOException;
import java.io.OutputStream;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.DERBitString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.cmp.CMPCertificate;
import org.bouncycastle.asn1.cmp.CMPObjectIdentifiers;
import org.bouncycastle.asn1.cmp.PBMParameter;
import org.bouncycastle.asn1.cmp.PKIBody;
import org.bouncycastle.asn1.cmp.PKIFailureInfo;
import org.bouncycastle.asn1.cmp.PKIHeader;
import org.bouncycastle.asn1.cmp.PKIHeaderBuilder;
import org.bouncycastle.asn1.cmp.PKIMessage;
import org.bouncycastle.asn1.pkcs.PBKDF2Params;
import org.bouncycastle.asn1.pkcs.PBMAC1Params;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.cmp.CMPException;
import org.bouncycastle.cert.cmp.GeneralPKIMessage;
import org.bouncycastle.cert.cmp.ProtectedPKIMessage;
import org.bouncycastle.cert.crmf.PKMACBuilder;
import org.bouncycastle.cert.crmf.jcajce.JcePKMACValuesCalculator;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.DefaultAlgorithmNameFinder;
import org.bouncycastle.operator.MacCalculator;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.OperatorException;
import org.bouncycastle.operator.PBEMacCalculatorProvider;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.jcajce.JcePBMac1CalculatorBuilder;

/** Verifies the protection of requests, and protects answers (RFC 9810, section 5.1.3). All cryptography is Bouncy Castle's. */
final class Protection {
    private static final SecureRandom RANDOM = new SecureRandom();

    /** Switches that make sense only where answers are signed. */
    private static final Set<String> SIGNED = Set.of("sign", "foreign-signer", "signer-without-eku", "missing-chain");

    private final Authority authority;
    private final String reference;
    private final char[] code;

    Protection(Authority authority, String reference, String code) {
        this.authority = authority;
        this.reference = reference;
        this.code = code.toCharArray();
    }

    /** Who has protected a request: one with the code (no certificate), or the holder of one of our certificates. */
    record By(AlgorithmIdentifier algorithm, X509CertificateHolder certificate) {
        boolean mac() {
            return certificate == null;
        }
    }

    char[] code() {
        return code;
    }

    By verify(PKIMessage message, Row row) throws No {
        AlgorithmIdentifier algorithm = message.getHeader().getProtectionAlg();
        if (algorithm == null || message.getProtection() == null) {
            throw new No(PKIFailureInfo.wrongIntegrity, "the message is not protected");
        }
        try {
            ProtectedPKIMessage checked = new ProtectedPKIMessage(new GeneralPKIMessage(message));
            return isMac(algorithm) ? mac(checked, algorithm, row) : signature(checked, algorithm, row);
        } catch (CMPException | OperatorException | IllegalArgumentException failure) {
            throw No.of(PKIFailureInfo.badMessageCheck, failure);
        }
    }

    private static boolean isMac(AlgorithmIdentifier algorithm) {
        return algorithm.getAlgorithm().equals(CMPObjectIdentifiers.passwordBasedMac) || isPbmac1(algorithm);
    }

    private static boolean isPbmac1(AlgorithmIdentifier algorithm) {
        return algorithm.getAlgorithm().equals(PKCSObjectIdentifiers.id_PBMAC1);
    }

    private static PBEMacCalculatorProvider calculators(AlgorithmIdentifier algorithm) {
        return isPbmac1(algorithm) ? Protection::pbmac1 : new PKMACBuilder(new JcePKMACValuesCalculator().setProvider("BC"));
    }

    private static MacCalculator pbmac1(AlgorithmIdentifier algorithm, char[] code) throws OperatorCreationException {
        PBMAC1Params parameters = PBMAC1Params.getInstance(algorithm.getParameters());
        PBKDF2Params derivation = PBKDF2Params.getInstance(parameters.getKeyDerivationFunc().getParameters());
        // 1.72 forgets the pseudo-random function of the parameters and takes SHA-256, unless it is told again.
        return new JcePBMac1CalculatorBuilder(parameters).setPrf(derivation.getPrf()).setProvider("BC").build(code);
    }

    private By mac(ProtectedPKIMessage message, AlgorithmIdentifier algorithm, Row row) throws No, CMPException {
        ASN1OctetString kid = message.getHeader().getSenderKID();
        if (kid == null || !Arrays.equals(kid.getOctets(), reference.getBytes(java.nio.charset.StandardCharsets.UTF_8))) {
            throw new No(PKIFailureInfo.badMessageCheck, "senderKID is not the reference number");
        }
        if (!message.verify(calculators(algorithm), code)) {
            throw new No(PKIFailureInfo.badMessageCheck, "the MAC is wrong");
        }
        row.say("mac ok: " + name(algorithm));
        return new By(algorithm, null);
    }

    private static String name(AlgorithmIdentifier algorithm) {
        DefaultAlgorithmNameFinder names = new DefaultAlgorithmNameFinder();
        if (isPbmac1(algorithm)) {
            PBMAC1Params outer = PBMAC1Params.getInstance(algorithm.getParameters());
            PBKDF2Params inner = PBKDF2Params.getInstance(outer.getKeyDerivationFunc().getParameters());
            return "PBMAC1 " + names.getAlgorithmName(outer.getMessageAuthScheme()) + " " + inner.getIterationCount();
        }
        PBMParameter parameters = PBMParameter.getInstance(algorithm.getParameters());
        return "PBM " + names.getAlgorithmName(parameters.getOwf()) + " " + names.getAlgorithmName(parameters.getMac()) + " "
            + parameters.getIterationCount();
    }

    private By signature(ProtectedPKIMessage message, AlgorithmIdentifier algorithm, Row row)
            throws No, CMPException, OperatorException {
        X509CertificateHolder[] extra = message.getCertificates();
        // RFC 9483, section 3.3: the first one is that of the signer.
        if (extra.length == 0) {
            throw new No(PKIFailureInfo.addInfoNotAvailable, "extraCerts lack the signer's certificate");
        }
        X509CertificateHolder signer = extra[0];
        if (!authority.knows(signer)) {
            throw new No(PKIFailureInfo.signerNotTrusted, "the signer's certificate is not from here");
        }
        PKIHeader header = message.getHeader();
        if (!header.getSender().equals(new GeneralName(signer.getSubject()))) {
            throw new No(PKIFailureInfo.badMessageCheck, "the sender is not the signer's subject");
        }
        if (header.getSenderKID() != null
                && !Arrays.equals(header.getSenderKID().getOctets(), Holder.keyIdentifier(signer))) {
            throw new No(PKIFailureInfo.badMessageCheck, "senderKID is not the signer's key identifier");
        }
        try {
            if (!message.verify(new JcaContentVerifierProviderBuilder().setProvider("BC").build(signer))) {
                throw new No(PKIFailureInfo.badMessageCheck, "the signature is wrong");
            }
        } catch (java.security.cert.CertificateException unreadable) {
            throw No.of(PKIFailureInfo.badMessageCheck, unreadable);
        }
        row.say("signature ok: " + new DefaultAlgorithmNameFinder().getAlgorithmName(algorithm) + " by " + signer.getSubject()
            + (extra.length > 1 ? ", with its chain" : ""));
        return new By(algorithm, signer);
    }

    /** Signs the answers of this row; null: a MAC does. */
    Holder signer(Switches switches, Desk.Wrong wrong, By asked) {
        if (wrong.is("foreign-signer")) {
            return authority.foreigner();
        }
        if (wrong.is("signer-without-eku")) {
            return authority.impostor();
        }
        if (switches.has("sign-pss")) {
            return authority.answerer(Holder.RSA).with(Holder.RSA_PSS);
        }
        if (switches.has("sign-ec")) {
            return authority.answerer(Holder.EC);
        }
        if (switches.has("sign-ed25519")) {
            return authority.answerer(Holder.ED25519);
        }
        // A request that could not be verified gets a signature too: it is all that its sender can check.
        boolean sign = asked == null || !asked.mac() || SIGNED.stream().anyMatch(switches::has);
        return sign ? authority.answerer(Holder.RSA) : null;
    }

    /** Header, body and protection; `signer` null: the same MAC as in the request, with another salt. */
    PKIMessage protect(PKIHeaderBuilder header, PKIBody body, List<X509CertificateHolder> extra, Holder signer, By asked,
            boolean spoil) {
        try {
            DERBitString protection;
            PKIHeader written;
            if (signer == null) {
                AlgorithmIdentifier algorithm = salted(asked.algorithm());
                MacCalculator mac = calculators(algorithm).get(algorithm, code);
                written = header.setProtectionAlg(algorithm).build();
                write(mac.getOutputStream(), written, body);
                protection = new DERBitString(spoiled(mac.getMac(), spoil));
            } else {
                ContentSigner signing = signer.signer();
                written = header.setProtectionAlg(signing.getAlgorithmIdentifier()).build();
                write(signing.getOutputStream(), written, body);
                protection = new DERBitString(spoiled(signing.getSignature(), spoil));
            }
            return new PKIMessage(written, body, protection, certificates(extra));
        } catch (OperatorException | IOException failure) {
            throw new IllegalStateException(failure);
        }
    }

    private static byte[] spoiled(byte[] protection, boolean spoil) {
        if (spoil) {
            protection[protection.length - 1] ^= 1;
        }
        return protection;
    }

    private static void write(OutputStream out, PKIHeader header, PKIBody body) throws IOException {
        out.write(new DERSequence(new org.bouncycastle.asn1.ASN1Encodable[] {header, body}).getEncoded(ASN1Encoding.DER));
        out.close();
    }

    static CMPCertificate[] certificates(List<X509CertificateHolder> certificates) {
        List<CMPCertificate> all = new ArrayList<>();
        certificates.forEach(certificate -> all.add(new CMPCertificate(certificate.toASN1Structure())));
        return all.isEmpty() ? null : all.toArray(new CMPCertificate[0]);
    }

    private static AlgorithmIdentifier salted(AlgorithmIdentifier algorithm) {
        byte[] salt = new byte[16];
        RANDOM.nextBytes(salt);
        if (!isPbmac1(algorithm)) {
            PBMParameter asked = PBMParameter.getInstance(algorithm.getParameters());
            return new AlgorithmIdentifier(algorithm.getAlgorithm(), new PBMParameter(
                salt, asked.getOwf(), asked.getIterationCount().intValueExact(), asked.getMac()));
        }
        PBMAC1Params outer = PBMAC1Params.getInstance(algorithm.getParameters());
        PBKDF2Params asked = PBKDF2Params.getInstance(outer.getKeyDerivationFunc().getParameters());
        PBKDF2Params inner = asked.getKeyLength() == null
            ? new PBKDF2Params(salt, asked.getIterationCount().intValueExact(), asked.getPrf())
            : new PBKDF2Params(
                salt, asked.getIterationCount().intValueExact(), asked.getKeyLength().intValueExact(), asked.getPrf());
        return new AlgorithmIdentifier(algorithm.getAlgorithm(), new PBMAC1Params(
            new AlgorithmIdentifier(PKCSObjectIdentifiers.id_PBKDF2, inner), outer.getMessageAuthScheme()));
    }
}
